"""Which publisher a deployment has."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from app.errors import InputError
from app.interfaces import Clock, StreamingOutgoing
from plugins.techdocs.interfaces import Publisher
from plugins.techdocs.publishing.local import LocalPublisher
from plugins.techdocs.settings import AwsSettings, IntegrationSettings, PublisherSettings, S3Settings


class Publishers:
    """Makes the publisher that settings name.

    `others` are those of plugins, by type; `data_dir` is where sites lie unless the settings say so.
    """

    def __init__(
        self,
        aws: AwsSettings,
        integrations: IntegrationSettings,
        *,
        outgoing: StreamingOutgoing,
        clock: Clock,
        data_dir: Path,
        others: Mapping[str, Callable[[], Publisher]],
    ) -> None:
        self._aws, self._integrations = aws, integrations
        self._outgoing, self._clock = outgoing, clock
        self._data_dir, self._others = data_dir, others

    def of(self, settings: PublisherSettings) -> Publisher:
        """Raises InputError: there is no such publisher, or its settings are missing."""
        if settings.type in self._others:
            return self._others[settings.type]()
        if settings.type == "local":
            return LocalPublisher((settings.local.publish_directory or self._data_dir / "techdocs").absolute())
        if settings.type == "awsS3":
            if settings.aws_s3 is None:
                raise InputError(
                    "techdocs.publisher.type is 'awsS3', so techdocs.publisher.awsS3.bucketName is required"
                )
            return self.s3(settings.aws_s3)
        known = ", ".join(f"'{one}'" for one in ("local", "awsS3", *self._others))
        raise InputError(f"There is no publisher '{settings.type}' (techdocs.publisher.type), only {known}")

    def s3(self, settings: S3Settings, *, pause: float = 1.0) -> Publisher:
        # A third of a second of imports that nobody else has a use for.
        from plugins.techdocs.publishing.aws_credentials import AwsCredentials
        from plugins.techdocs.publishing.s3 import S3Publisher, region_of

        region = region_of(settings, os.environ)
        credentials = AwsCredentials(
            settings, self._aws, self._integrations, region=region, outgoing=self._outgoing, clock=self._clock
        )
        return S3Publisher(settings, credentials, region=region, outgoing=self._outgoing, pause=pause)
