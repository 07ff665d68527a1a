# The program in a small image. Build and try it:
#
#     docker build -t mqtt-check .
#     docker run --rm mqtt-check run --filter session/takeover
#
# Test a broker of this machine, with baselines and reports in the working folder:
#
#     docker run --rm --network host --user "$(id -u):$(id -g)" -v "$PWD:/work" mqtt-check \
#         run --broker mqtt://127.0.0.1:1883 --report junit=report.xml

FROM rust:1.95-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo install --path . --locked --root /installed

FROM debian:bookworm-slim
# The certificates that mqtts:// and wss:// trust.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /installed/bin/mqtt-check /usr/local/bin/mqtt-check
WORKDIR /work
ENTRYPOINT ["mqtt-check"]
CMD ["run"]
