"""Rules, alerts and dashboards: made by `python -m observability.build` from the tables in here, and committed."""
