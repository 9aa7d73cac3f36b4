"""Numbered events to browsers: one hub per web process, topics shared by their viewers. It knows nothing of batches:
what viewers call a topic, and the words for one that is missing or gone, are handed in with the source.

source      what a topic is made of: events, documents, the log, the sweep
ids         public event ids, `<epoch>-<n>`
sse         bytes on the wire
bus         copies of events between processes, over Valkey
hub         topics and streams of this process; pace its times, topics who follows what, surroundings what they share
topic       one document, kept up to date
history     the document and the events that are not folded into it yet
early       events that came before their elders
stage       what a topic shows, and when
frames      all that it says, as bytes; ring the newest changes
audience    its streams, and the loops over them
connection  one open stream: no queue of events, no task, no timer; single and many say what it follows
polls       those who wait for one answer
pulse       pings, life times and other dues of thousands of streams, by one timer, the wheel
counts      what was handed to sockets, in plain numbers
repair      reads of the log, a few large ones instead of many small ones
sweep       the comparison with the database that makes every loss on the bus harmless
response    the stream as a litestar response; outer leaves the server's own `send` in the scope
admission   who may open a stream now; accounting counts each user's over all processes
draining    how the process takes its leave
severing    closes the sockets of streams that were cut
roster      who watches, as an operator sees it; gathering the same over all processes
"""
