#!/bin/sh
# Sees to it that this machine has what building, running or testing ordermill needs, and installs what is missing where
# it may: as root, with sudo that asks for no password, or with Homebrew. Else it says in one line what to install.
#   tools/setup.sh build|run|test
set -eu
cd "$(dirname "$0")/.."
installer=internal/local/install.sh

if ! command -v go >/dev/null; then
	echo "ordermill: Go $(sed -n 's/^go //p' go.mod) or newer is needed: https://go.dev/dl/" >&2
	exit 1
fi

case ${1:-} in
build) ;;
run)
	# Servers that are already there need no binaries here; without a Redis of its own, dev has a stand-in.
	if [ -z "${ORDERMILL_DATABASE_URL:-}" ]; then sh $installer install postgres; fi
	if [ -z "${ORDERMILL_REDIS_URL:-}" ] && [ -n "$(sh $installer missing redis)" ]; then
		sh $installer install redis 2>/dev/null || true
	fi
	;;
test) sh $installer install postgres redis pgbouncer cc ;; # the race detector needs a C compiler
*)
	echo "usage: tools/setup.sh build|run|test" >&2
	exit 2
	;;
esac
