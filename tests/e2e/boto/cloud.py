"""An embedded cloud for a file of tests, and the ecosystem's own clients for it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ROOT = Path(__file__).resolve().parents[3]
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
CIERO = Path(os.environ.get("CIERO_BIN", TARGET / "debug" / "ciero"))
REGION = "ap-northeast-1"
PATIENCE_SECONDS = 30


def until(sentence, ask):
    """Asks until the answer is true; afterwards the sentence is the failure."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain until {sentence}")
        time.sleep(0.05)


class EmbeddedCloud(unittest.TestCase):
    """One instance for all tests of a class."""

    # Tests ask more often than the service's quotas let anyone.
    options = ["--no-video-quotas"]

    @classmethod
    def setUpClass(cls):
        cls.data = tempfile.mkdtemp(prefix="ciero-boto-")
        cls.log = open(Path(cls.data) / "host.log", "w+", encoding="utf-8")
        command = [CIERO, "up", "--port", "0", "--aws-port", "0", "--data", Path(cls.data) / "data", *cls.options]
        cls.process = subprocess.Popen([str(part) for part in command], cwd=ROOT, stdout=subprocess.PIPE, stderr=cls.log, text=True)
        # Also where what follows fails.
        cls.addClassCleanup(cls.stop)
        line = cls.process.stdout.readline()
        if not line.startswith("ready:"):
            raise RuntimeError("ciero was not ready")
        cls.endpoint = line.split("AWS APIs ")[1].split()[0]
        cls.portal = line.split("portal ")[1].split()[0]

    @classmethod
    def stop(cls):
        cls.process.send_signal(signal.SIGTERM)
        try:
            cls.process.wait(10)
        except subprocess.TimeoutExpired:
            cls.process.kill()
            cls.process.wait()
        cls.process.stdout.close()
        cls.log.close()
        shutil.rmtree(cls.data, ignore_errors=True)

    def client(self, service, endpoint=None, **more):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", **more}
        # A retry would hide a failure of the first try.
        # What a request may not hold is the service's to refuse here.
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        client = boto3.client(service, region_name=REGION, endpoint_url=endpoint or self.endpoint, config=config, **keys)
        self.addCleanup(client.close)
        return client

    def refused(self, code, call, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
