-- One-time tickets that open a stream from a page of another origin. Used up by the query that opens the stream.

CREATE TABLE stream_tickets (
    token_hash    bytea PRIMARY KEY,
    credential_id uuid NOT NULL,             -- of the session or API token that asked for it; no foreign key: it may end first
    expires_at    timestamptz NOT NULL
);
CREATE INDEX stream_tickets_by_expiry ON stream_tickets (expires_at);
