"""Photos of rooms in, a moving inventory out, watched live.

The map of the house: feature rooms (`accounts`, `projects`, `batches`, `inventory`, `analysis`) hold the domain and share
the same furniture, `routes | tasks -> service -> store | queue -> events -> model`. `streams` carries events to browsers and
knows nothing of batches. `http`, `storage`, `db`, `broker`, `telemetry` are technology. `app` and `worker` wire it all
together; `embedded` brings the servers for `roomtally up`; `client` is the command line's own customer of the API.
"""
