# Each recipe calls a stage of `.ci/run`, which needs no `just`. `.ci/run --list` has all stages.

# What is quick and finds most: format, clippy, and the rules between modules.
check:
    .ci/run format
    .ci/run clippy
    .ci/run purity
    cargo test --quiet --test imports --test citations --test suite

# All tests.
test:
    .ci/run test

# The suite on the bundled broker.
suite:
    .ci/run suite

# Every stage, as CI runs them. It installs the Debian packages that are not there.
ci:
    .ci/run

# One stage, such as `just stage mosquitto`.
stage name:
    .ci/run {{name}}
