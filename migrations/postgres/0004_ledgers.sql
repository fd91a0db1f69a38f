CREATE TABLE "points_lots" (
	"merchant_id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"lot" bigint NOT NULL,
	"granted" bigint NOT NULL,
	"remaining" bigint NOT NULL,
	"expired" bigint NOT NULL,
	"expires_at" timestamp(3) with time zone,
	"seq" bigint NOT NULL,
	CONSTRAINT "points_lots_merchant_id_customer_id_lot_pk" PRIMARY KEY("merchant_id","customer_id","lot")
);

ALTER TABLE "points_lots" ENABLE ROW LEVEL SECURITY;
CREATE TABLE "pos_offline_queue" (
	"merchant_id" uuid NOT NULL,
	"id" text NOT NULL,
	"device_id" uuid NOT NULL,
	"record" bigint NOT NULL,
	"op_id" text,
	"device_seq" bigint,
	"kind" text NOT NULL,
	"customer_id" uuid,
	"result" text NOT NULL,
	"task" text NOT NULL,
	"received_at" timestamp(3) with time zone NOT NULL,
	"version" integer NOT NULL,
	"body" jsonb NOT NULL,
	CONSTRAINT "pos_offline_queue_merchant_id_id_pk" PRIMARY KEY("merchant_id","id")
);

ALTER TABLE "pos_offline_queue" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "customers" ADD COLUMN "deleted_at" timestamp(3) with time zone;
ALTER TABLE "points_lots" ADD CONSTRAINT "points_lots_merchant_id_customer_id_customers_merchant_id_id_fk" FOREIGN KEY ("merchant_id","customer_id") REFERENCES "public"."customers"("merchant_id","id") ON DELETE no action ON UPDATE no action;
CREATE INDEX "points_lots_outstanding" ON "points_lots" USING btree ("merchant_id","expires_at") WHERE "points_lots"."remaining" > 0;
CREATE INDEX "pos_offline_queue_newest" ON "pos_offline_queue" USING btree ("merchant_id","received_at","id");
CREATE INDEX "pos_offline_queue_open" ON "pos_offline_queue" USING btree ("merchant_id","received_at","id") WHERE "pos_offline_queue"."task" = 'open';
CREATE POLICY "tenant" ON "points_lots" AS PERMISSIVE FOR ALL TO "loyalnest_app" USING (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid) WITH CHECK (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid);
CREATE POLICY "tenant" ON "pos_offline_queue" AS PERMISSIVE FOR ALL TO "loyalnest_app" USING (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid) WITH CHECK (merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid);
alter table points_lots force row level security;
alter table pos_offline_queue force row level security;
