"""A camera of tests: Debian's ffmpeg makes the Matroska, and PutMedia takes it with botocore's own signature."""

import http.client
import json
import subprocess
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from boto.cloud import REGION

CLUSTER = bytes.fromhex("1f43b675")


def film(seconds, size="320x240", sound=True, codec="libx264", *more):
    """Matroska of a moving test picture at 25 frames a second, a cluster each second."""
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25"]
    if sound:
        coder = "aac" if sound is True else sound
        command += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate={48000 if coder == 'aac' else 8000}", "-c:a", coder, "-ac", "1"]
        # ffmpeg holds one packet of sound back, so with pictures out of order a cluster would begin before the one before it ends.
        more = ("-bf", "0", *more)
    command += ["-t", str(seconds), "-c:v", codec, "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "25", "-keyint_min", "25", "-sc_threshold", "0"]
    command += [*more, "-cluster_time_limit", "60000", "-cluster_size_limit", "50000000", "-f", "matroska", "-live", "1", "-"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def song(seconds):
    """Matroska of sound alone, a cluster each second."""
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", str(seconds), "-c:a", "aac"]
    command += ["-cluster_time_limit", "1000", "-f", "matroska", "-live", "1", "-"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def put(endpoint, stream, body, start):
    """Sends a whole stream whose timecodes count from `start`, in seconds since 1970, and returns its acknowledgements."""
    url = f"{endpoint}/putMedia"
    headers = {"x-amzn-stream-name": stream, "x-amzn-fragment-timecode-type": "RELATIVE", "x-amzn-producer-start-timestamp": f"{start:.3f}"}
    request = AWSRequest(method="POST", url=url, headers=headers, data=b"")
    SigV4Auth(Credentials("test", "test"), "kinesisvideo", REGION).add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=60)
    try:
        connection.request("POST", "/putMedia", body=iter([body]), headers={**dict(request.headers), "transfer-encoding": "chunked"}, encode_chunked=True)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status != 200:
        raise AssertionError(f"PutMedia answered {answer.status}: {text}")
    acks = [json.loads(line) for line in text.splitlines() if line.strip()]
    faults = [ack for ack in acks if ack["EventType"] == "ERROR"]
    if faults:
        raise AssertionError(f"PutMedia refused: {faults}")
    return [ack["FragmentNumber"] for ack in acks if ack["EventType"] == "PERSISTED"]
