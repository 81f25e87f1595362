-- user_settings_0001
CREATE TABLE user_settings_setting (
	user_ref TEXT NOT NULL,
	bucket TEXT NOT NULL,
	"key" TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (user_ref, bucket, "key")
);
