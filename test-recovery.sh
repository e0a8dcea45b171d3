#!/usr/bin/env bash
# A worker is killed in the middle of a batch: its tasks run first, in the original order.
# Uses the built example application, real processes and a Redis of its own; stops only what it started.
set -euo pipefail
exec node "$(dirname "${BASH_SOURCE[0]}")/tools/scenarios/recovery.mjs"
