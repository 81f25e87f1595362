"""A task's secrets: encrypted while they are stored, masked wherever they might show."""

from scaffolder.secrets.masking import MASK, Mask
from scaffolder.secrets.sealing import Seal, SealBrokenError

__all__ = ["MASK", "Mask", "Seal", "SealBrokenError"]
