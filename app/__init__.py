"""The host: what every feature stands on. It knows no feature by name."""

import sys

# httpx brings a command line of its own, and with it rich and pygments. Nobody here wants it, and loading it costs a
# tenth of a start: where it cannot be imported, httpx does without.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
