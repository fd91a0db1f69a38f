CREATE TABLE "customers" (
	"merchant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"shopify_gid" text,
	"email_index" text,
	"email_sealed" text,
	"email_verified" boolean DEFAULT false NOT NULL,
	"profile_updated_at" timestamp(3) with time zone,
	"profile_created_at" timestamp(3) with time zone,
	"merged_into" uuid,
	"first_seen_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "customers_merchant_id_id_pk" PRIMARY KEY("merchant_id","id")
);

ALTER TABLE "customers" ENABLE ROW LEVEL SECURITY;
CREATE TABLE "merchants" (
	"merchant_id" uuid PRIMARY KEY NOT NULL,
	"first_seen_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);

ALTER TABLE "merchants" ENABLE ROW LEVEL SECURITY;
CREATE TABLE "points_balances" (
	"merchant_id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"points" bigint NOT NULL,
	"posted" bigint NOT NULL,
	"pending" bigint NOT NULL,
	"held" bigint NOT NULL,
	"debt" bigint NOT NULL,
	"lifetime_earned" bigint NOT NULL,
	"lifetime_redeemed" bigint NOT NULL,
	"lifetime_expired" bigint NOT NULL,
	"lifetime_clawed_back" bigint NOT NULL,
	"lifetime_adjusted" bigint NOT NULL,
	"next_expiration_points" bigint,
	"next_expiration_at" timestamp(3) with time zone,
	"as_of" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "points_balances_merchant_id_customer_id_pk" PRIMARY KEY("merchant_id","customer_id")
);

ALTER TABLE "points_balances" ENABLE ROW LEVEL SECURITY;
CREATE TABLE "points_transactions" (
	"merchant_id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"type" text NOT NULL,
	"kind" text NOT NULL,
	"points" bigint NOT NULL,
	"pending_points" bigint NOT NULL,
	"source" text NOT NULL,
	"external_id" text NOT NULL,
	"order_gid" text,
	"reason" text,
	"actor" text NOT NULL,
	"rule_version" integer,
	"effective_at" timestamp(3) with time zone NOT NULL,
	"recorded_at" timestamp(3) with time zone NOT NULL,
	"expires_at" timestamp(3) with time zone,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "points_transactions_merchant_id_customer_id_seq_pk" PRIMARY KEY("merchant_id","customer_id","seq")
);

ALTER TABLE "points_transactions" ENABLE ROW LEVEL SECURITY;
CREATE TABLE "reward_redemptions" (
	"merchant_id" uuid NOT NULL,
	"id" text NOT NULL,
	"customer_id" uuid NOT NULL,
	"points" bigint NOT NULL,
	"state" text NOT NULL,
	"redeemed_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "reward_redemptions_merchant_id_id_pk" PRIMARY KEY("merchant_id","id")
);

ALTER TABLE "reward_redemptions" ENABLE ROW LEVEL SECURITY;
CREATE TABLE "waiting_refunds" (
	"merchant_id" uuid NOT NULL,
	"order_gid" text NOT NULL,
	"refund_gid" text NOT NULL,
	"facts" jsonb NOT NULL,
	"received_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "waiting_refunds_merchant_id_order_gid_refund_gid_pk" PRIMARY KEY("merchant_id","order_gid","refund_gid")
);

ALTER TABLE "waiting_refunds" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "customers" ADD CONSTRAINT "customers_merchant_id_merchants_merchant_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("merchant_id") ON DELETE no action ON UPDATE no action;
ALTER TABLE "points_balances" ADD CONSTRAINT "points_balances_merchant_id_customer_id_customers_merchant_id_id_fk" FOREIGN KEY ("merchant_id","customer_id") REFERENCES "public"."customers"("merchant_id","id") ON DELETE no action ON UPDATE no action;
ALTER TABLE "points_transactions" ADD CONSTRAINT "points_transactions_merchant_id_customer_id_customers_merchant_id_id_fk" FOREIGN KEY ("merchant_id","customer_id") REFERENCES "public"."customers"("merchant_id","id") ON DELETE no action ON UPDATE no action;
ALTER TABLE "reward_redemptions" ADD CONSTRAINT "reward_redemptions_merchant_id_customer_id_customers_merchant_id_id_fk" FOREIGN KEY ("merchant_id","customer_id") REFERENCES "public"."customers"("merchant_id","id") ON DELETE no action ON UPDATE no action;
CREATE UNIQUE INDEX "customers_shopify_gid" ON "customers" USING btree ("merchant_id","shopify_gid");
CREATE INDEX "customers_email_index" ON "customers" USING btree ("merchant_id","email_index");
CREATE INDEX "points_transactions_order" ON "points_transactions" USING btree ("merchant_id","order_gid") WHERE "points_transactions"."order_gid" is not null;
CREATE INDEX "reward_redemptions_customer" ON "reward_redemptions" USING btree ("merchant_id","customer_id");
CREATE POLICY "tenant" ON "customers" AS PERMISSIVE FOR ALL TO "loyalnest_app" USING (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid) WITH CHECK (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid);
CREATE POLICY "tenant" ON "merchants" AS PERMISSIVE FOR ALL TO "loyalnest_app" USING (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid) WITH CHECK (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid);
CREATE POLICY "tenant" ON "points_balances" AS PERMISSIVE FOR ALL TO "loyalnest_app" USING (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid) WITH CHECK (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid);
CREATE POLICY "tenant" ON "points_transactions" AS PERMISSIVE FOR ALL TO "loyalnest_app" USING (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid) WITH CHECK (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid);
CREATE POLICY "tenant" ON "reward_redemptions" AS PERMISSIVE FOR ALL TO "loyalnest_app" USING (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid) WITH CHECK (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid);
CREATE POLICY "tenant" ON "waiting_refunds" AS PERMISSIVE FOR ALL TO "loyalnest_app" USING (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid) WITH CHECK (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid);