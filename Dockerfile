# The program in an image, for CI and other machines without a person. It needs no shell and does not run as root.
#
#   make bundle ARGS="--platform linux-amd64"
#   docker build --tag kubectl-oidc .
#   docker run --rm --env KUBECTL_OIDC_CLIENT_SECRET kubectl-oidc get-token --grant-type=client-credentials …
#
# The bases are named by their tags, because no digest could be verified where this was written. Name digests where you build.

FROM buildpack-deps:trixie-curl AS unpacked

ARG TARGETARCH=amd64
ADD dist/kubectl-oidc-*-linux-${TARGETARCH}.tar.gz /bundle/
RUN mv /bundle/kubectl-oidc-* /opt/kubectl-oidc

FROM debian:trixie-slim

COPY --from=unpacked /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=unpacked /opt/kubectl-oidc /opt/kubectl-oidc
ENV PATH=/opt/kubectl-oidc/bin:$PATH
RUN useradd --uid=65532 --create-home --shell=/usr/sbin/nologin kubectl
USER 65532
WORKDIR /home/kubectl
ENTRYPOINT ["kubectl-oidc_login"]
CMD ["help"]
