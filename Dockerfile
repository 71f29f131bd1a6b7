# windtunnel alone: the program on what the C library needs, without a shell, as a user without rights.
#
#     docker build --build-arg COMMIT="$(git rev-parse --short=10 HEAD)" -t windtunnel .
#     docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" windtunnel check scenarios/

FROM rust:1.95-slim-bookworm AS build
# What --version says besides the number; the history is not copied.
ARG COMMIT=""
ENV WINDTUNNEL_COMMIT=$COMMIT
WORKDIR /windtunnel
COPY . .
RUN cargo build --release --locked --bin windtunnel && strip target/release/windtunnel

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /windtunnel/target/release/windtunnel /usr/local/bin/windtunnel
WORKDIR /work
USER nonroot
ENTRYPOINT ["windtunnel"]
CMD ["--help"]
