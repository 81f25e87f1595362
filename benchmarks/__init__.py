"""Figures: a catalog generator, an ingestion run and a read battery, beside a stock Backstage on request."""
