-- Every table of Roomtally. PostgreSQL >= 15.
-- Ids are made by the application; volumes are whole litres (sums stay exact; m3 = litres / 1000).

CREATE TABLE installation (                  -- one row: which life of the database this is (a restore changes the epoch)
    one    boolean PRIMARY KEY DEFAULT true CONSTRAINT installation_is_one_row CHECK (one),
    epoch  text NOT NULL CONSTRAINT installation_epoch_is_short CHECK (epoch ~ '^[0-9a-f]{12}$')
);
INSERT INTO installation (epoch) VALUES (right(replace(gen_random_uuid()::text, '-', ''), 12));

-- --- who ---------------------------------------------------------------------------------------------------------------

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    email         text NOT NULL CONSTRAINT user_email_is_unique UNIQUE,
    password_hash text NOT NULL,
    role          text NOT NULL DEFAULT 'user' CONSTRAINT user_role_is_known CHECK (role IN ('user', 'operator')),
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    served_at     timestamptz,               -- whose turn it is for hints; written by the sweeper only
    deleted_at    timestamptz
);

CREATE TABLE sessions (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users,
    token_hash bytea NOT NULL CONSTRAINT session_token_is_unique UNIQUE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE api_tokens (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users,
    name         text NOT NULL,
    token_hash   bytea NOT NULL CONSTRAINT api_token_is_unique UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_used_at timestamptz,
    deleted_at   timestamptz
);
CREATE INDEX api_tokens_of_user ON api_tokens (user_id);

CREATE TABLE idempotency_keys (
    user_id     uuid NOT NULL REFERENCES users,
    key         text NOT NULL CONSTRAINT idempotency_key_is_short CHECK (length(key) BETWEEN 1 AND 200),
    fingerprint bytea NOT NULL,              -- of the request: the same key with another body is refused
    resource_id uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- --- what they move ----------------------------------------------------------------------------------------------------

CREATE TABLE projects (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users,
    name       text NOT NULL CONSTRAINT project_name_is_short CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at timestamptz
);
CREATE INDEX projects_of_user ON projects (user_id, created_at DESC, id DESC);

CREATE TABLE uploads (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users,
    storage_key  text NOT NULL,
    filename     text NOT NULL,
    content_type text NOT NULL,
    bytes        bigint NOT NULL CONSTRAINT upload_size_not_negative CHECK (bytes >= 0),  -- 0: an empty part of a form becomes ERROR
    batch_id     uuid,                       -- bound once; no foreign key: nothing may lock the batch row on the way
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX uploads_of_user ON uploads (user_id) INCLUDE (bytes);      -- the quota's sum
CREATE INDEX uploads_unused ON uploads (expires_at) WHERE batch_id IS NULL;
CREATE INDEX uploads_of_batch ON uploads (batch_id) WHERE batch_id IS NOT NULL;

CREATE TABLE batches (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users,
    project_id   uuid NOT NULL REFERENCES projects,
    status       text NOT NULL DEFAULT 'QUEUED',
    paused       boolean NOT NULL DEFAULT false,
    run          integer NOT NULL DEFAULT 1,
    total        integer NOT NULL,
    pending      integer NOT NULL,
    processing   integer NOT NULL DEFAULT 0,
    done         integer NOT NULL DEFAULT 0,
    failed       integer NOT NULL DEFAULT 0,
    total_items  integer NOT NULL DEFAULT 0,
    total_litres bigint  NOT NULL DEFAULT 0,
    last_event   bigint  NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at  timestamptz,
    deleted_at   timestamptz,

    CONSTRAINT batch_status_is_known CHECK (status IN
        ('QUEUED', 'PROCESSING', 'COMPLETED', 'PARTIAL', 'FAILED', 'CANCELLING', 'CANCELLED')),
    CONSTRAINT batch_size_is_allowed CHECK (total BETWEEN 1 AND 200),
    CONSTRAINT batch_counters_not_negative CHECK (least(pending, processing, done, failed, total_items, total_litres) >= 0),
    CONSTRAINT batch_counters_add_up CHECK (pending + processing + done + failed = total),
    CONSTRAINT batch_numbers_start_at_one CHECK (run >= 1 AND last_event >= 1),
    CONSTRAINT batch_paused_only_while_open CHECK (NOT paused OR status IN ('QUEUED', 'PROCESSING')),
    CONSTRAINT batch_finished_at_means_finished CHECK
        ((finished_at IS NOT NULL) = (status IN ('COMPLETED', 'PARTIAL', 'FAILED', 'CANCELLED'))),
    -- these five make a stuck or a falsely finished batch impossible to store
    CONSTRAINT batch_open_has_work CHECK (status NOT IN ('QUEUED', 'PROCESSING') OR pending + processing > 0),
    CONSTRAINT batch_queued_runs_nothing CHECK (status <> 'QUEUED' OR processing = 0),
    CONSTRAINT batch_cancelling_runs_something CHECK (status <> 'CANCELLING' OR processing > 0),
    CONSTRAINT batch_cancelled_runs_nothing CHECK (status <> 'CANCELLED' OR processing = 0),
    CONSTRAINT batch_outcome_follows_counters CHECK (
        CASE status WHEN 'COMPLETED' THEN done = total
                    WHEN 'FAILED'    THEN failed = total
                    WHEN 'PARTIAL'   THEN done > 0 AND failed > 0 AND done + failed = total
                    ELSE true END)
) WITH (fillfactor = 50);                    -- room on the page for the next versions of a row that changes with every event

-- The lists of batches (keyset). None of the columns ever changes.
CREATE INDEX batches_of_user ON batches (user_id, created_at DESC, id DESC);
CREATE INDEX batches_of_project ON batches (project_id, created_at DESC, id DESC);
-- The sweeper's way in. The predicate changes only when a run ends or a batch is opened again or deleted.
CREATE INDEX batches_open ON batches (user_id, created_at, id) WHERE finished_at IS NULL AND deleted_at IS NULL;
-- The purge's way in. Never touched by an event.
CREATE INDEX batches_deleted ON batches (deleted_at) WHERE deleted_at IS NOT NULL;
-- No index on status, paused, run, counters, last_event, updated_at: each would end HOT updates (99 % of them are).

CREATE TABLE photos (
    id              uuid PRIMARY KEY,
    batch_id        uuid NOT NULL REFERENCES batches,     -- no cascade: it would lock the batch first
    position        integer NOT NULL,
    storage_key     text NOT NULL,
    thumbnail_key   text,
    filename        text NOT NULL,
    content_type    text NOT NULL,
    bytes           bigint NOT NULL,
    width           integer,                              -- as decoded and turned upright; the worker knows them first
    height          integer,
    status          text NOT NULL DEFAULT 'PENDING',
    claim_id        uuid,
    claimed_until   timestamptz,
    not_before      timestamptz,
    enqueued_at     timestamptz,
    attempts        integer NOT NULL DEFAULT 0,           -- spent: the process died
    releases        integer NOT NULL DEFAULT 0,           -- not spent: the infrastructure's fault, for the back-off
    room_type       text,
    room_confidence real,
    item_count      integer NOT NULL DEFAULT 0,
    litres          integer NOT NULL DEFAULT 0,
    confirmed       boolean NOT NULL DEFAULT false,       -- a person has looked at this photo's list
    error           text,

    CONSTRAINT photo_status_is_known CHECK (status IN ('PENDING', 'PROCESSING', 'DONE', 'ERROR')),
    CONSTRAINT photo_claim_means_processing CHECK
        ((status = 'PROCESSING') = (claim_id IS NOT NULL) AND (claim_id IS NULL) = (claimed_until IS NULL)),
    CONSTRAINT photo_error_means_reason CHECK ((status = 'ERROR') = (error IS NOT NULL)),
    CONSTRAINT photo_done_means_room CHECK ((status = 'DONE') = (room_type IS NOT NULL)),
    CONSTRAINT photo_waits_only_while_pending CHECK (not_before IS NULL OR status = 'PENDING'),
    CONSTRAINT photo_attempts_are_bounded CHECK (attempts BETWEEN 0 AND 3 AND (attempts < 3 OR status = 'ERROR')),
    CONSTRAINT photo_sums_not_negative CHECK (item_count >= 0 AND litres >= 0),
    CONSTRAINT photo_position_is_unique UNIQUE (batch_id, position)   -- also: the photos of a batch, in order
) WITH (fillfactor = 60);
-- No index on status, claimed_until, not_before, enqueued_at: expired claims and waiting photos are found through batches_open
-- and the counters on the batch row, so that claim, renew, finish and hint stay HOT.

CREATE TABLE photo_attempts (
    claim_id   uuid PRIMARY KEY,             -- a claim is never used twice
    photo_id   uuid NOT NULL REFERENCES photos ON DELETE CASCADE,
    worker     text NOT NULL,
    trace_id   text,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at   timestamptz,
    outcome    text,
    CONSTRAINT attempt_outcome_is_known CHECK (outcome IN ('done', 'failed', 'released', 'expired')),
    CONSTRAINT attempt_end_means_outcome CHECK ((ended_at IS NULL) = (outcome IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX photo_attempts_of_photo ON photo_attempts (photo_id);

CREATE TABLE items (
    id             uuid PRIMARY KEY,
    photo_id       uuid NOT NULL REFERENCES photos ON DELETE CASCADE,
    label          text NOT NULL CONSTRAINT item_label_is_short CHECK (length(label) BETWEEN 1 AND 100),
    count          integer NOT NULL,         -- 0: the person said "not there", and that holds for ever
    litres_each    integer NOT NULL,
    confidence     real,
    boxes          json,
    proposed       boolean NOT NULL DEFAULT false,        -- inferred from other things, not seen
    source         text NOT NULL,
    analyzer_label text,                     -- what the analyzer called it, kept when the person gives it another name
    version        integer NOT NULL DEFAULT 1,
    CONSTRAINT item_source_is_known CHECK (source IN ('analyzer', 'person')),
    CONSTRAINT item_numbers_are_sane CHECK (count BETWEEN 0 AND 1000 AND litres_each BETWEEN 0 AND 100000 AND version >= 1),
    CONSTRAINT item_of_analyzer_is_unchanged CHECK (source = 'person' OR (analyzer_label = label AND count > 0)),
    CONSTRAINT item_of_person_is_no_proposal CHECK (source = 'analyzer' OR NOT proposed),
    CONSTRAINT item_label_is_unique_on_photo UNIQUE (photo_id, label)
);
-- The unique constraint is the way in too: a batch's breakdown goes photo by photo. No batch_id here: one index fewer per item,
-- and no foreign key that would share-lock the batch row before its turn.

-- --- what happened -----------------------------------------------------------------------------------------------------

CREATE TABLE batch_events (                  -- append only; a row is never updated
    batch_id   uuid   NOT NULL,              -- no foreign key: the row comes from the UPDATE of its batch
    n          bigint NOT NULL,              -- NOT NULL is what rolls back a move that its batch refused
    run        integer NOT NULL,
    type       text   NOT NULL,
    payload    json   NOT NULL,              -- json, not jsonb: the stored text is sent as it is
    trace      text,                         -- W3C traceparent of the span that wrote it
    created_at timestamptz NOT NULL,
    CONSTRAINT event_number_is_unique PRIMARY KEY (batch_id, n),
    CONSTRAINT event_type_is_known CHECK (type IN
        ('batch_created', 'photo_claimed', 'photo_done', 'photo_failed', 'photo_released', 'photo_expired', 'photos_retried',
         'item_corrected', 'batch_paused', 'batch_resumed', 'batch_cancelling', 'batch_finished', 'batch_deleted'))
);
CREATE UNIQUE INDEX event_one_finish_per_run ON batch_events (batch_id, run) WHERE type = 'batch_finished';
CREATE INDEX batch_events_by_age ON batch_events (created_at);   -- for the prune; always grows at the right-hand end

CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL,
    user_id    uuid NOT NULL,
    batch_id   uuid NOT NULL,
    run        integer NOT NULL,
    payload    json NOT NULL,
    not_before timestamptz NOT NULL DEFAULT clock_timestamp(),
    tries      integer NOT NULL DEFAULT 0,
    CONSTRAINT outbox_once_per_run UNIQUE (kind, batch_id, run)
);
CREATE INDEX outbox_due ON outbox (not_before);
