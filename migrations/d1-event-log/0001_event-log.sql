-- One row an event and no further index: rows written are most of the bill. Nothing removes old rows yet: the
-- roll-up of what is older than 30 days to R2 comes with the events service.
create table events (
  event_id text not null primary key,
  merchant_id text not null,
  event_type text not null,
  user_id text,
  seq integer not null,
  at text not null,
  body text not null check (json_valid(body))
) strict, without rowid;

-- Messages that a consumer gave up on.
create table dead_letters (
  id text not null primary key,
  queue text not null,
  -- Null where the message is so broken that it names no merchant.
  merchant_id text,
  body text not null check (json_valid(body)),
  reason text not null,
  summary text not null,
  attempts integer not null,
  received_at text not null,
  state text not null check (state in ('waiting', 'replayed')),
  replayed_at text
) strict, without rowid;

create index dead_letters_by_merchant on dead_letters (merchant_id, received_at desc, id);

-- Why a message keeps failing, under the hash of its body: a dead letter arrives without a word of it.
create table failures (
  body_hash text not null primary key,
  reason text not null,
  attempts integer not null,
  at text not null
) strict, without rowid;
