-- app_0001
CREATE TABLE static_assets_cache (
	namespace TEXT NOT NULL,
	path TEXT NOT NULL,
	content BLOB NOT NULL,
	compressed BOOLEAN NOT NULL,
	last_modified_at BIGINT NOT NULL,
	PRIMARY KEY (namespace, path)
);
CREATE INDEX static_assets_cache_last_modified_at ON static_assets_cache (last_modified_at);
