# Three stages: the front-end packages, the Python environment, and an image that holds only what runs.

FROM node:24-bookworm-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM python:3.13-slim-bookworm AS build
WORKDIR /app
COPY requirements/tool.lock requirements/run.lock requirements/
RUN python -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements/tool.lock \
    && /opt/venv/bin/uv pip install --no-cache --compile-bytecode --python /opt/venv/bin/python \
       --require-hashes -r requirements/run.lock
COPY . .
COPY --from=assets /build/node_modules node_modules
# The keys open nothing: collectstatic only wants the settings to be complete.
RUN /opt/venv/bin/python -m console.demo.assets copy \
    && /opt/venv/bin/python -m console.catalogue compile \
    && DEBUG=0 SECRET_KEY=only-for-this-build-step FIELD_KEYS=only-for-this-build-step VAR_DIR=/app/var \
       /opt/venv/bin/python manage.py collectstatic --noinput \
    && rm -rf node_modules tests

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin console
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DEBUG=0 VAR_DIR=/app/var
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
RUN mkdir -p /app/var/uploads /app/var/simulator && chown -R console /app/var/uploads /app/var/simulator
USER console
EXPOSE 8000
# Exec form: SIGTERM reaches the process itself. gunicorn's heartbeat file belongs in memory.
CMD ["gunicorn", "console.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "8", "--graceful-timeout", "10", "--worker-tmp-dir", "/dev/shm", \
     "--no-control-socket"]
