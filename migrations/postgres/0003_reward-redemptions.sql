ALTER TABLE "reward_redemptions" ADD COLUMN "reward_id" uuid;
ALTER TABLE "reward_redemptions" ADD COLUMN "code" text;
ALTER TABLE "reward_redemptions" ADD COLUMN "order_gid" text;
ALTER TABLE "reward_redemptions" ADD COLUMN "points_returned" bigint DEFAULT 0 NOT NULL;
ALTER TABLE "reward_redemptions" ADD COLUMN "ended_at" timestamp(3) with time zone;
ALTER TABLE "reward_redemptions" ADD COLUMN "version" integer DEFAULT 0 NOT NULL;
ALTER TABLE "reward_redemptions" ADD COLUMN "body" jsonb;
CREATE INDEX "reward_redemptions_code" ON "reward_redemptions" USING btree ("merchant_id","code") WHERE "reward_redemptions"."code" is not null;
CREATE INDEX "reward_redemptions_newest" ON "reward_redemptions" USING btree ("merchant_id","redeemed_at","id");