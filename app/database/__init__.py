"""The one database: SQLite embedded, or PostgreSQL for many machines."""
