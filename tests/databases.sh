#!/usr/bin/env bash
# tests/databases.sh with ENGINE COMMAND...: runs the command beside a fresh server of mysql or mariadb, which ends with
#   the command. BESEDKA_TEST_DATABASE says where it is, BESEDKA_TEST_ENGINE what it is, BESEDKA_TEST_AUTHORITY who
#   signed its certificate. Where the engine can't be had this says so and runs nothing; with CI=true that is a failure.
# tests/databases.sh serve ENGINE FOLDER PORT [FLAG...]: such a server alone, in the foreground, on the data in a folder.
#
# MariaDB is the system's (tests/deps.sh databases). MySQL is too where there is one; else Debian's packages are unpacked
# into a folder, libraries and all, and nothing is installed.
set -euo pipefail
tests=$(dirname "$(realpath "$0")")
# shellcheck source=tests/beside.sh
. "$tests/beside.sh"
engines=${CARGO_TARGET_DIR:-$tests/../target}/engines
# What is missing is an answer, not a crash.
lacking=75

lack() {
    echo "$*" >&2
    exit $lacking
}

has() { command -v "$1" >/dev/null; }

# Sets `program`, the command that starts the engine.
find_engine() {
    PATH=$PATH:/usr/sbin:/usr/local/sbin
    case $1 in
    mariadb)
        if ! has mariadbd || ! has mariadb-install-db; then lack 'MariaDB is not installed'; fi
        program=(mariadbd --no-defaults)
        ;;
    mysql)
        if has mysqld && ! mysqld --no-defaults --version | grep -q MariaDB; then
            program=(mysqld --no-defaults)
            return
        fi
        fetch_mysql
        local root=$engines/mysql
        # Its own C library and its own loader: this machine's may be older.
        program=("$(echo "$root"/usr/lib*/ld-linux*.so.*)" --library-path "$(echo "$root"/usr/lib/*-linux-gnu*)"
            "$root/usr/sbin/mysqld" --no-defaults "--basedir=$root/usr" "--lc-messages-dir=$root/usr/share/mysql"
            "--character-sets-dir=$root/usr/share/mysql/charsets")
        ;;
    *) lack "databases.sh knows no engine $1" ;;
    esac
}

# Unpacks MySQL out of Debian's unstable suite, as it is in no stable one.
fetch_mysql() {
    local root=$engines/mysql
    [ ! -e "$root/usr/sbin/mysqld" ] || return 0
    if ! has apt-get || ! has dpkg; then lack 'MySQL is not installed, and there is no apt-get to fetch it'; fi
    echo 'fetching MySQL (50 MB)' >&2
    local apt=$engines/apt
    rm -rf "$apt" "$root.part"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/packages" "$root.part"
    : >"$apt/status"
    local keys=/usr/share/keyrings/debian-archive-keyring.gpg signed=
    [ ! -e $keys ] || signed="[signed-by=$keys] "
    echo "deb ${signed}http://deb.debian.org/debian unstable main" >"$apt/sources.list"
    local get=(apt-get -q -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o "Dir::State::status=$apt/status"
        -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=3)
    (
        cd "$apt/packages"
        "${get[@]}" update
        # Perl is for scripts that nothing here runs.
        "${get[@]}" -s install --no-install-recommends mysql-server-core |
            awk '/^Inst / && $2 !~ /perl|^libdb|^libgdbm/ { print $2 }' | xargs "${get[@]}" download
        for package in *.deb; do dpkg -x "$package" "$root.part"; done
    ) >"$engines/apt.log" 2>&1 || {
        tail -n 5 "$engines/apt.log" >&2
        lack 'MySQL could not be fetched'
    }
    mv "$root.part" "$root"
    rm -rf "$apt"
}

serve() {
    local engine=$1 folder=$2 port=$3
    shift 3
    find_engine "$engine"
    mkdir -p "$folder"
    folder=$(realpath "$folder")
    # A server that root starts wants to be told that this is meant.
    local flags=("--user=$(id -un)" "--datadir=$folder/data")
    if [ ! -e "$folder/data/mysql" ]; then
        case $engine in
        mariadb) mariadb-install-db --no-defaults "${flags[@]}" --auth-root-authentication-method=normal --skip-test-db ;;
        mysql) "${program[@]}" "${flags[@]}" --secure-file-priv= --initialize-insecure ;;
        esac >"$folder/init.log" 2>&1 || {
            cat "$folder/init.log" >&2
            exit 1
        }
    fi
    # One statement on a line; root would be let in by the socket alone.
    cat >"$folder/init.sql" <<'SQL'
CREATE USER IF NOT EXISTS besedka@'127.0.0.1' IDENTIFIED BY 'besedka';
GRANT ALL ON *.* TO besedka@'127.0.0.1' WITH GRANT OPTION;
SQL
    flags+=("--init-file=$folder/init.sql")
    # Small, and without what only a server with other servers needs.
    flags+=("--socket=$folder/socket" "--pid-file=$folder/pid" --bind-address=127.0.0.1 "--port=$port" --skip-name-resolve
        --skip-log-bin --performance-schema=OFF --max-connections=600 --secure-file-priv=)
    [ "$engine" = mariadb ] || flags+=(--mysqlx=OFF)
    exec "${program[@]}" "${flags[@]}" "$@"
}

# An authority, and a certificate of its for this machine.
certify() {
    local new=(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2)
    cd "$1"
    "${new[@]}" -subj '/CN=Tests of Besedka' -keyout authority.key -out authority.pem
    "${new[@]}" -subj /CN=127.0.0.1 -keyout server.key -out server.pem -CA authority.pem -CAkey authority.key \
        -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE
}

with() {
    local engine=$1
    shift
    # In memory where there is room: the tests ask what the database does, not what the disk does.
    local memory=${TMPDIR:-/tmp}
    [ ! -w /dev/shm ] || [ "$(df --output=avail /dev/shm | tail -n 1)" -lt 4000000 ] || memory=/dev/shm
    beside "$(mktemp -d "$memory/besedka-$engine.XXXXXX")"
    local port
    port=$(free_port)
    (certify "$folder") 2>"$folder/certify.log" || {
        cat "$folder/certify.log" >&2
        exit 1
    }
    "$tests/databases.sh" serve "$engine" "$folder" "$port" --innodb-flush-log-at-trx-commit=2 \
        --innodb-buffer-pool-size=256M "--ssl-ca=$folder/authority.pem" "--ssl-cert=$folder/server.pem" \
        "--ssl-key=$folder/server.key" >"$folder/log" 2>&1 </dev/null &
    server=$!
    # The fetching may take its time.
    for _ in $(seq 3000); do
        if ! kill -0 "$server" 2>/dev/null; then
            local status=0
            wait "$server" || status=$?
            server=
            [ "$status" = $lacking ] || exit 1
            tail -n 20 "$folder/log" >&2
            echo "*** The tests were NOT run on $engine ***" >&2
            [ "${CI:-}" != true ] || exit 1
            exit 0
        fi
        if grep -q 'ready for connections' "$folder/log" && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$engine: $(grep -o "Version: '[^']*'" "$folder/log" | tail -n 1)"
            BESEDKA_TEST_ENGINE=$engine BESEDKA_TEST_AUTHORITY=$folder/authority.pem \
                BESEDKA_TEST_DATABASE=mysql://besedka:besedka@127.0.0.1:$port "$@"
            exit
        fi
        sleep 0.1
    done
    echo "$engine did not start" >&2
    exit 1
}

case ${1:-} in
with | serve) "$@" ;;
*)
    sed -n '2,/^$/s/^# \?//p' "$0" >&2
    exit 1
    ;;
esac
