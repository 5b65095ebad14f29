# Any base of Debian's kind with python3 and its venv module, Python 3.11 or newer. Both stages use
# the same one.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src

# Two environments: one that builds the wheel and stays behind, one that is shipped, without pip.
COPY requirements/build.txt requirements/run.txt requirements/
RUN touch -d '1 minute ago' /before \
 && python3 -m venv /opt/build \
 && python3 -m venv --without-pip /opt/injector \
 && /opt/build/bin/pip install --require-hashes -r requirements/build.txt \
 && /opt/build/bin/pip --python /opt/injector install --require-hashes -r requirements/run.txt

COPY pyproject.toml README.md LICENSE* ./
COPY injector injector
RUN /opt/build/bin/hatchling build -t wheel -d dist \
 && /opt/build/bin/pip --python /opt/injector install --no-index --no-deps dist/*.whl \
 && rm -f /opt/injector/bin/*ctivate*

# Nothing can write bytecode in a read-only container, so it is compiled here: ours, and what we
# import from the standard library, which slim images ship without.
RUN /opt/injector/bin/python3 -m compileall -q --invalidation-mode unchecked-hash /opt/injector/lib \
 && /opt/injector/bin/python3 -c 'import importlib, injector, pkgutil; [importlib.import_module(module.name) for module in pkgutil.walk_packages(injector.__path__, "injector.")]' \
 && mkdir -p /image/opt /empty \
 && cp -a /opt/injector /image/opt/ \
 && find "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
      -name '*.pyc' -newer /before -exec cp -a --parents -t /image {} +

FROM ${BASE}
LABEL org.opencontainers.image.title="vault-injector" \
      org.opencontainers.image.description="Puts secrets from HashiCorp Vault or OpenBao where an application needs them, and keeps them up to date" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/ /
# For the socket where no tmpfs or emptyDir is mounted over it.
COPY --from=build --chown=10001:10001 /empty/ /run/injector/
ENV PATH=/opt/injector/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s \
  CMD ["injector", "probe", "ready"]
ENTRYPOINT ["injector"]
CMD ["run", "-c", "/etc/injector/config.yaml"]
