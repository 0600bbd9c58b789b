"""What `run` and `gap` share: a throw-away S3 server, the tools, and a tree of small files."""

import contextlib
import datetime
import hashlib
import hmac
import html
import http.client
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
TARGET = PROJECT / os.environ.get("CARGO_TARGET_DIR", "target")
CACHE_CONTROL = "public, max-age=31536000, immutable"
REGION = "us-east-1"
TOOLS = ["s5cmd", "rclone", "aws", "assetsync"]
TEXT = {".html", ".css", ".js"}


def fail(problem, hint):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {problem}\nhint: {hint}")


# --- Server


class Server:
    """A radosgw of one user, and the few requests that a benchmark needs of its own."""

    def __init__(self, port):
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self.endpoint = f"http://{self.address}"
        self.access_key, self.secret_key = "tester", "testsecret"
        self.connection = http.client.HTTPConnection(self.address, timeout=60)

    def request(self, method, path, **query):
        """The body of the answer. Signature version 4, no request body."""
        at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{at[:8]}/{REGION}/s3/aws4_request"
        nothing = hashlib.sha256(b"").hexdigest()
        names = "host;x-amz-content-sha256;x-amz-date"
        arguments = urllib.parse.urlencode(sorted(query.items()), quote_via=urllib.parse.quote, safe="")
        canonical = (
            f"{method}\n{path}\n{arguments}\n"
            f"host:{self.address}\nx-amz-content-sha256:{nothing}\nx-amz-date:{at}\n\n{names}\n{nothing}"
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        key = b"AWS4" + self.secret_key.encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{digest}".encode(), "sha256").hex()
        credential = f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}"
        headers = {
            "x-amz-content-sha256": nothing,
            "x-amz-date": at,
            "authorization": f"{credential}, SignedHeaders={names}, Signature={signature}",
        }
        self.connection.request(method, f"{path}?{arguments}" if query else path, headers=headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: HTTP {answer.status} {body.decode(errors='replace')[:300]}")
        return body.decode()

    def create_bucket(self, name):
        self.request("PUT", f"/{name}")
        return name

    def list(self, bucket):
        """Key -> stored size in bytes, of every object."""
        objects = {}
        query = {"list-type": "2"}
        while True:
            page = self.request("GET", f"/{bucket}", **query)
            objects.update((key, int(size)) for key, size in LISTED.findall(page))
            following = re.search("<NextContinuationToken>(.*?)</NextContinuationToken>", page, re.S)
            if not following:
                return objects
            query["continuation-token"] = html.unescape(following[1])


LISTED = re.compile("<Key>(.*?)</Key>.*?<Size>([0-9]+)</Size>", re.S)


@contextlib.contextmanager
def server():
    for interrupt in signal.SIGINT, signal.SIGTERM:
        signal.signal(interrupt, lambda number, _: sys.exit(128 + number))
    port, mon_port = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="assetsync-peers.", ignore_cleanup_errors=True) as folder:
        rgw = PROJECT / "tests/servers/rgw"
        try:
            started = subprocess.run([rgw, "start", f"{folder}/rgw", str(port), str(mon_port)])
            if started.returncode:
                sys.exit(1)
            yield Server(port)
        finally:
            subprocess.run([rgw, "stop", f"{folder}/rgw"], check=True)


def free_ports(count):
    """Below 32768, where the system takes no port for an outgoing connection."""
    held = []
    while len(held) < count:
        s = socket.socket()
        try:
            s.bind(("127.0.0.1", random.randrange(20000, 32768)))
            held.append(s)
        except OSError:
            s.close()
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


# --- Tools


class Tools:
    """How each tool publishes a folder into a bucket, public and cached for ever."""

    def __init__(self, names, assetsync, work):
        self.work = work
        self.programs = {name: self.find(name, assetsync) for name in names}
        self.key_file = work / "key"
        # Fixed, so that two runs publish the same names.
        self.key_file.write_bytes(hashlib.sha256(b"benches/peers").digest())
        self.key_file.chmod(0o600)

    def find(self, name, assetsync):
        if name == "assetsync":
            if not os.access(assetsync, os.X_OK):
                fail(f"{assetsync} is not there", "cargo build --release --locked")
            return str(assetsync.resolve())
        if name == "rclone":
            found = shutil.which("rclone")
            return found or fail("rclone is not installed", "apt-get install --no-install-recommends rclone")
        return str(python_tools() / name)

    def publish(self, name, tree, bucket, server):
        program = self.programs[name]
        return {
            "s5cmd": [program, "--endpoint-url", server.endpoint, "--log", "error", "sync",
                      "--acl", "public-read", "--cache-control", CACHE_CONTROL,
                      f"{tree}/", f"s3://{bucket}/"],
            "rclone": [program, "sync", str(tree), f"rgw:{bucket}", "--transfers", "16", "--checkers", "16",
                       "--checksum", "--fast-list", "--s3-no-check-bucket", "--quiet",
                       "--header-upload", f"Cache-Control: {CACHE_CONTROL}"],
            "aws": [program, "s3", "sync", str(tree), f"s3://{bucket}/",
                    "--acl", "public-read", "--cache-control", CACHE_CONTROL, "--only-show-errors"],
            "assetsync": [program, "push", "-q", "--config", str(self.configure(tree, bucket, server))],
        }[name]

    def configure(self, tree, bucket, server):
        """Real sites have references that lead nowhere, and files without an extension: the others publish them too."""
        config = self.work / f"{bucket}.toml"
        config.write_text(
            f"""
            key_file = "{self.key_file}"
            extensions = [""]
            default_target = "peer"
            [[source]]
            dir = "{tree}"
            [[rule]]
            match = "**"
            dangling = "warn"
            [target.peer]
            url = "s3://{bucket}"
            endpoint = "{server.endpoint}"
            region = "{REGION}"
            access = "object-acl"
            """
        )
        return config

    def environment(self, server):
        """Nothing of the caller's accounts or proxies."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.upper().startswith(("AWS_", "ASSETSYNC_", "RCLONE_", "GOOGLE_", "HTTP_PROXY", "ALL_PROXY"))
        }
        return kept | {
            "HOME": str(self.work),
            "AWS_ACCESS_KEY_ID": server.access_key,
            "AWS_SECRET_ACCESS_KEY": server.secret_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "RCLONE_CONFIG": str(self.work / "rclone.conf"),
            "RCLONE_CONFIG_RGW_TYPE": "s3",
            "RCLONE_CONFIG_RGW_PROVIDER": "Ceph",
            "RCLONE_CONFIG_RGW_ENDPOINT": server.endpoint,
            "RCLONE_CONFIG_RGW_ACCESS_KEY_ID": server.access_key,
            "RCLONE_CONFIG_RGW_SECRET_ACCESS_KEY": server.secret_key,
            "RCLONE_CONFIG_RGW_ACL": "public-read",
        }

    def versions(self):
        ask = {"s5cmd": "version", "rclone": "version", "aws": "--version", "assetsync": "--version"}
        for name, program in self.programs.items():
            told = subprocess.run([program, ask[name]], capture_output=True, text=True, check=True)
            number = re.search("[0-9]+[.][0-9.]+[0-9]", told.stdout)
            yield f"{name} {number[0] if number else 'of unknown version'}"


def python_tools():
    """The folder of the programs of requirements.txt, in an environment made when it is missing."""
    venv = TARGET / "peers-venv"
    wanted, installed = HERE / "requirements.txt", venv / "installed.txt"
    if not installed.exists() or installed.read_text() != wanted.read_text():
        print(f"installing {', '.join(wanted.read_text().split())} into {venv}", file=sys.stderr, flush=True)
        shutil.rmtree(venv, ignore_errors=True)
        venv.parent.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            pip = [venv / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "-r", wanted], check=True)
        except subprocess.CalledProcessError as problem:
            fail(str(problem), "apt-get install python3-venv, and look whether pip reaches its index")
        shutil.copy(wanted, installed)
    return venv / "bin"


def measure(command, environment, work):
    """Runs it: (wall seconds, CPU seconds, peak MB), and what went wrong, or None."""
    with open(work / "stderr", "w+b") as stderr:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        stderr.seek(0)
        said = stderr.read().decode(errors="replace").strip().splitlines()
    problem = None
    if process.returncode:
        problem = f"exit code {process.returncode}: {said[-1][:200] if said else 'nothing on stderr'}"
    return (wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024), problem


# --- Trees


def copy_tree(source, target):
    """The benchmark changes files, so it works on a copy."""
    if not source.is_dir():
        fail(f"{source} is not a folder", "give the folder of a site")
    shutil.copytree(source, target, symlinks=True)


MAGIC = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff\xe0",
    ".webp": b"RIFF\x00\x20\x00\x00WEBP",
    ".woff2": b"wOF2",
    ".mp3": b"ID3\x04\x00",
}
FRAME = {
    ".html": ("<!doctype html>\n<meta charset=utf-8>\n<p>", "</p>\n"),
    ".css": ("/* ", " */\nbody { margin: 0 }\n"),
    ".js": ("// ", "\nexport {};\n"),
    ".json": ('{"text": "', '"}\n'),
    ".svg": ('<svg xmlns="http://www.w3.org/2000/svg"><text>', "</text></svg>\n"),
}


def small_files(folder, count):
    """`count` files of 200 B to 8 KB in 400 folders, the same ones every time: 60 % text, the rest noise."""
    rng = random.Random(20221)
    syllables = [a + b for a in "bcdfghklmnprstvz" for b in "aeiou"]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(3000)]
    prose = " ".join(rng.choices(words, k=400_000))
    for n in range(count):
        place = folder / f"round-{n % 20:02}" / f"puzzle-{n // 20 % 20:02}"
        place.mkdir(parents=True, exist_ok=True)
        size = rng.randint(200, 8192)
        if rng.random() < 0.6:
            extension = rng.choice(list(FRAME))
            before, after = FRAME[extension]
            start = rng.randrange(len(prose) - size)
            body = (before + prose[start : start + size - len(before) - len(after)] + after).encode()
        else:
            extension = rng.choice(list(MAGIC))
            body = MAGIC[extension] + rng.randbytes(size - len(MAGIC[extension]))
        (place / f"file-{n:05}{extension}").write_bytes(body)


def files_of(tree):
    return sorted(path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
