#!/bin/sh
# Looks for, or installs, what ordermill needs of the system.
#   install.sh missing WHAT...   prints those of: postgres redis pgbouncer cc, that are not there
#   install.sh install WHAT...   installs those that are not there; needs root, or sudo without a password
# No service is started by it and no database cluster is made: ordermill starts its own.
set -eu

have() {
	case $1 in
	postgres)
		for dir in ${ORDERMILL_PG_BIN:+"$ORDERMILL_PG_BIN"} $(echo "$PATH" | tr ':' ' ') \
			"$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
			/opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
			if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then return 0; fi
		done
		return 1
		;;
	redis) command -v redis-server >/dev/null || command -v valkey-server >/dev/null ;;
	pgbouncer) command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] ;;
	cc) command -v "${CC:-gcc}" >/dev/null || command -v clang >/dev/null ;;
	*)
		echo "install.sh: unknown: $1" >&2
		exit 2
		;;
	esac
}

missing() {
	for what in "$@"; do
		have "$what" || printf '%s ' "$what"
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
	[ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

packages() { # of the family $1, for the things after it
	family=$1
	shift
	for what in "$@"; do
		case $family:$what in
		debian:postgres) echo postgresql ;;
		debian:redis) echo redis-server ;;
		debian:pgbouncer) echo pgbouncer ;;
		debian:cc) echo gcc libc6-dev ;;
		fedora:postgres) echo postgresql-server ;;
		fedora:redis) echo valkey ;;
		fedora:pgbouncer) echo pgbouncer ;;
		fedora:cc) echo gcc ;;
		brew:postgres) echo postgresql@17 ;;
		brew:redis) echo redis ;;
		brew:pgbouncer) echo pgbouncer ;;
		brew:cc) echo gcc ;;
		esac
	done
}

# Packages on Debian start their services when they are installed, unless this file says no.
policy=/usr/sbin/policy-rc.d
made_policy=

apt() { # what it says is shown only if it fails
	if ! said=$(as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq "$@" 2>&1); then
		echo "$said" >&2
		return 1
	fi
}

install_debian() {
	if [ ! -e $policy ]; then
		made_policy=yes
		trap '[ -z "$made_policy" ] || as_root rm -f $policy' EXIT
		trap 'exit 1' HUP INT TERM
		printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
		as_root chmod 755 $policy
	fi
	apt update
	case " $* " in *' postgresql '*)
		apt install -y --no-install-recommends postgresql-common
		as_root sed -i -E 's/^#?[[:space:]]*create_main_cluster[[:space:]]*=.*/create_main_cluster = false/' \
			/etc/postgresql-common/createcluster.conf
		;;
	esac
	apt install -y --no-install-recommends "$@"
	for service in redis-server pgbouncer; do # nor are they to start with the machine
		case " $* " in *" $service "*)
			if command -v systemctl >/dev/null; then as_root systemctl --quiet disable $service 2>/dev/null || true; fi
			;;
		esac
	done
}

install() {
	wanted=$(missing "$@")
	[ -n "$wanted" ] || return 0
	# shellcheck disable=SC2046,SC2086 # both are lists of words
	if command -v apt-get >/dev/null; then
		command="apt-get install -y $(echo $(packages debian $wanted))"
		if may_install; then
			echo "installing: $wanted" >&2
			install_debian $(packages debian $wanted) >&2
			return
		fi
	elif command -v dnf >/dev/null; then
		command="dnf install -y $(echo $(packages fedora $wanted))"
		if may_install; then
			as_root dnf install -y -q $(packages fedora $wanted) >&2 ||
				as_root dnf install -y -q $(packages fedora $wanted | sed 's/^valkey$/redis/') >&2
			return
		fi
	elif command -v brew >/dev/null; then
		brew install --quiet $(packages brew $wanted) >&2
		return
	else
		command="your package manager"
	fi
	echo "ordermill: not installed: $wanted- please run as root: $command" >&2
	exit 1
}

verb=$1
shift
case $verb in
missing) missing "$@" ;;
install) install "$@" ;;
*)
	echo "usage: install.sh missing|install postgres|redis|pgbouncer|cc ..." >&2
	exit 2
	;;
esac
