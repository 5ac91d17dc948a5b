# The program in an image, for CI and other machines without a person: no shell is needed to use it, and it does not run as root.
#
#   docker build --tag kubectl-oidc .
#   docker run --rm --env KUBECTL_OIDC_CLIENT_SECRET kubectl-oidc get-token --grant-type=client-credentials …
#
# The base is named by its tag, because no digest of it could be verified where this was written; name one where you build.

FROM python:3.13-slim-trixie AS build

WORKDIR /src
COPY constraints.txt .
# What the lock names, held to its hashes; what is installed comes from there alone.
RUN pip download --no-cache-dir --require-hashes --requirement=constraints.txt --dest=/wheels \
    && pip install --no-cache-dir --require-hashes --no-index --find-links=/wheels --requirement=constraints.txt
COPY . .
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir=/wheels . \
    && python -m venv /opt/kubectl-oidc \
    && /opt/kubectl-oidc/bin/pip install --no-cache-dir --no-index --find-links=/wheels kubectl-oidc \
    && /opt/kubectl-oidc/bin/pip uninstall --yes pip \
    && sed -i '1s/$/ -I/' /opt/kubectl-oidc/bin/kubectl-oidc_login

FROM python:3.13-slim-trixie

COPY --from=build /opt/kubectl-oidc /opt/kubectl-oidc
ENV PATH=/opt/kubectl-oidc/bin:$PATH
RUN useradd --uid=65532 --create-home --shell=/usr/sbin/nologin kubectl
USER 65532
WORKDIR /home/kubectl
ENTRYPOINT ["kubectl-oidc_login"]
CMD ["help"]
