# Two images from one file, their lower layers shared:
#   docker build --target light -t xcryonet:light .    web, ingest and migrate: no torch
#   docker build -t xcryonet:full .                    everything, for the worker
# Nothing is compiled here. torch comes as the release in constraints.txt; a machine without a GPU takes PyTorch's
# own CPU build, several GB smaller, when its package index is given: --build-arg PIP_EXTRA_INDEX_URL=...
FROM python:3.11-slim-bookworm AS dependencies
ARG PIP_EXTRA_INDEX_URL=""
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PATH=/opt/venv/bin:$PATH XCRYONET_DATA_DIR=/data
RUN python -m venv /opt/venv \
 && useradd --uid 10001 --user-group --create-home xcryonet \
 && install -d -o xcryonet -g xcryonet /data
WORKDIR /build
# What we depend on is installed before our code is copied: a change of code does not fetch it again.
COPY pyproject.toml constraints.txt LICENSE ./
RUN touch README.md && pip install -c constraints.txt ".[ingest,service]" && pip uninstall -y xcryonet

FROM dependencies AS light
COPY . .
RUN pip install --no-deps . && rm -rf /build/*
WORKDIR /home/xcryonet
USER xcryonet
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["xcryonet"]
CMD ["serve", "--host", "0.0.0.0"]

FROM dependencies AS full
ARG PIP_EXTRA_INDEX_URL=""
RUN pip install -c constraints.txt ".[ingest,model,service]" && pip uninstall -y xcryonet
COPY . .
RUN pip install --no-deps . && rm -rf /build/*
WORKDIR /home/xcryonet
USER xcryonet
VOLUME /data
ENTRYPOINT ["xcryonet"]
CMD ["worker"]
