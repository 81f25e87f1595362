"""The catalog in the database: tables, bulk writes and hot reads."""
