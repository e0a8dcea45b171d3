#!/usr/bin/env bash
# Three equal instances under PM2: one leads; killed, another one takes over.
# Uses the built example application, real processes and a Redis of its own; stops only what it started.
set -euo pipefail
exec node "$(dirname "${BASH_SOURCE[0]}")/../../tools/scenarios/election.mjs"
