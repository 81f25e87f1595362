# One image, three stages: what builds stays behind.
FROM node:24-bookworm-slim AS ui
WORKDIR /ui
COPY ui/package.json ui/package-lock.json ui/.npmrc ./
RUN npm ci --silent
COPY ui .
RUN npm run --silent build && find dist -name '*.map' -delete

FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python3 -m venv /opt/callboard && /opt/callboard/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY app app
COPY catalog catalog
COPY scaffolder scaffolder
COPY plugins plugins
COPY openapi openapi
COPY docs docs
RUN /opt/callboard/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM debian:12-slim
# git reads remotes of type `git`, ssh those that want it.
RUN apt-get update && apt-get install -y --no-install-recommends python3 git openssh-client ca-certificates \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data --create-home callboard
COPY --from=build /opt/callboard /opt/callboard
COPY --from=ui /ui/dist /opt/callboard/share/callboard/ui
USER callboard
WORKDIR /data
VOLUME /data
EXPOSE 7007
HEALTHCHECK CMD ["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7007/.backstage/health/v1/readiness')"]
# Mount the configuration at /data/app-config.yaml; it should listen on 0.0.0.0 and name a database.
ENTRYPOINT ["/opt/callboard/bin/callboard"]
CMD ["serve"]
