"""`app-config.yaml`: layering, variables, includes, settings models."""

from app.config.config import LayeredConfig as LayeredConfig
from app.config.durations import Duration as Duration
from app.config.loading import load_config as load_config
from app.config.nodes import ConfigError as ConfigError
from app.config.schedule import Schedule as Schedule
