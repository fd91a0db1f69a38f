-- Whose storefront an origin is. Any page may ask with any Origin, before anyone is known: that costs one look-up here,
-- not a walk through all shops. `shops.storefront_origins` says the same; whoever writes it writes both.

CREATE TABLE storefront_origins (
  origin TEXT NOT NULL,
  domain TEXT NOT NULL REFERENCES shops (domain),
  PRIMARY KEY (origin, domain)
) STRICT, WITHOUT ROWID;
CREATE INDEX storefront_origins_domain ON storefront_origins (domain);

INSERT INTO storefront_origins (origin, domain)
SELECT DISTINCT listed.value, shops.domain FROM shops, json_each(shops.storefront_origins) AS listed;
