-- drizzle-kit enables row-level security; it has no word for FORCE, which binds the tables' owner too.
alter table merchants force row level security;
alter table customers force row level security;
alter table points_transactions force row level security;
alter table points_balances force row level security;
alter table reward_redemptions force row level security;
alter table waiting_refunds force row level security;
