"""Every way to read recorded video, through boto3 and the players of Debian's ffmpeg, and each of their errors."""

import base64
import json
import re
import subprocess
import tempfile
import time
import unittest
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from botocore.exceptions import ClientError

from boto.camera import CLUSTER, film, put, song
from boto.cloud import EmbeddedCloud, until

SECONDS = 10
PRODUCER = "PRODUCER_TIMESTAMP"
SERVER = "SERVER_TIMESTAMP"


def probe(source, *more):
    """What ffprobe finds, counted by decoding nothing: streams and their packets."""
    command = ["ffprobe", "-v", "error", "-count_packets", "-show_streams", "-show_format", "-of", "json", *more, str(source)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    found = json.loads(done.stdout or "{}")
    return {one["codec_name"]: one for one in found.get("streams", [])}, found.get("format", {}), done.stderr


def decode(source):
    """Decodes everything and returns what ffmpeg had to say against it, which is nothing for sound media."""
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(source), "-f", "null", "-"]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120).stderr


class Reading(EmbeddedCloud):
    """One stream with ten seconds of picture and sound, a gap, and two more seconds."""

    options = ["--no-demo", "--no-video-quotas"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start = int(time.time()) - 3600
        cls.film = film(SECONDS)
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        maker = cls("test_data_endpoints_know_every_operation")
        video = maker.client("kinesisvideo")
        cls.arn = video.create_stream(StreamName="cam", DataRetentionInHours=24)["StreamARN"]
        video.create_stream(StreamName="kept-nowhere")
        cls.numbers = put(cls.endpoint, "cam", cls.film, cls.start)
        cls.numbers += put(cls.endpoint, "cam", film(2), cls.start + 30)
        maker.doCleanups()
        assert len(cls.numbers) == SECONDS + 2, cls.numbers

    def setUp(self):
        self.archive = self.client("kinesis-video-archived-media")
        self.media = self.client("kinesis-video-media")

    def time(self, seconds):
        return datetime.fromtimestamp(self.start + seconds, timezone.utc)

    def range(self, first, last):
        return {"StartTimestamp": self.time(first), "EndTimestamp": self.time(last)}

    def between(self, first, last, by=PRODUCER):
        return {"FragmentSelectorType": by, "TimestampRange": self.range(first, last)}

    def save(self, payload, name):
        path = Path(self.folder.name) / f"{uuid.uuid4()}-{name}"
        path.write_bytes(payload if isinstance(payload, bytes) else payload.read())
        return path

    def stream(self, film_bytes, **more):
        """Another stream with a film of its own."""
        name = f"boto-{uuid.uuid4()}"
        self.client("kinesisvideo").create_stream(StreamName=name, DataRetentionInHours=24)
        put(self.endpoint, name, film_bytes, more.get("start", self.start))
        return name

    def everywhere(self, code, call, **arguments):
        """Every operation refuses a stream that is not there and, but for GetMedia, one that keeps nothing."""
        self.refused("ResourceNotFoundException", call, StreamName="none", **arguments)
        self.refused("ResourceNotFoundException", call, StreamARN=self.arn.replace("/cam/", "/none/"), **arguments)
        self.refused("InvalidArgumentException", call, **arguments)
        self.refused("InvalidArgumentException", call, StreamName="cam", StreamARN=self.arn, **arguments)
        if code:
            self.refused(code, call, StreamName="kept-nowhere", **arguments)

    def test_data_endpoints_know_every_operation(self):
        video = self.client("kinesisvideo")
        for name in ["PUT_MEDIA", "GET_MEDIA", "LIST_FRAGMENTS", "GET_MEDIA_FOR_FRAGMENT_LIST", "GET_HLS_STREAMING_SESSION_URL",
                     "GET_DASH_STREAMING_SESSION_URL", "GET_CLIP", "GET_IMAGES"]:
            self.assertEqual(video.get_data_endpoint(StreamName="cam", APIName=name)["DataEndpoint"], self.endpoint)
        self.refused("InvalidArgumentException", video.get_data_endpoint, StreamName="cam", APIName="GET_POSTER")

    def test_fragments_are_listed_by_both_clocks_and_page_by_page(self):
        pages = self.archive.get_paginator("list_fragments").paginate(StreamARN=self.arn, PaginationConfig={"PageSize": 5})
        listed = [one for page in pages for one in page["Fragments"]]
        self.assertEqual([one["FragmentNumber"] for one in listed], self.numbers)
        self.assertEqual([one["FragmentLengthInMilliseconds"] for one in listed], [1000] * 12)
        found = self.archive.list_fragments(StreamName="cam", FragmentSelector=self.between(2, 6))["Fragments"]
        # boto3 sends whole seconds, and ffmpeg begins its pictures with the first packet of sound, a few milliseconds late.
        self.assertEqual([round((one["ProducerTimestamp"] - self.time(0)).total_seconds()) for one in found], [2, 3, 4, 5])
        arrived = {"FragmentSelectorType": SERVER, "TimestampRange": {"StartTimestamp": listed[0]["ServerTimestamp"], "EndTimestamp": datetime.now(timezone.utc)}}
        self.assertEqual(len(self.archive.list_fragments(StreamName="cam", FragmentSelector=arrived)["Fragments"]), 12)
        self.assertEqual(self.archive.list_fragments(StreamName="cam", FragmentSelector=self.between(12, 20))["Fragments"], [])

    def test_a_listing_refuses_what_it_cannot_mean(self):
        ask = self.archive.list_fragments
        self.everywhere("NoDataRetentionException", ask)
        for more in [{"MaxResults": 0}, {"MaxResults": 1001}, {"NextToken": "x"}, {"FragmentSelector": self.between(5, 2)}]:
            self.refused("InvalidArgumentException", ask, StreamName="cam", **more)

    def test_listed_fragments_come_back_as_matroska(self):
        ask = self.archive.get_media_for_fragment_list
        payload = ask(StreamName="cam", Fragments=self.numbers[2:5])["Payload"].read()
        self.assertEqual(payload.count(CLUSTER), 3)
        for number in self.numbers[2:5]:
            self.assertIn(number.encode(), payload)
        self.assertIn(b"AWS_KINESISVIDEO_SERVER_TIMESTAMP", payload)
        self.assertEqual(decode(self.save(ask(StreamName="cam", Fragments=self.numbers[:1])["Payload"], "one.mkv")), "")
        self.everywhere("NoDataRetentionException", ask, Fragments=self.numbers[:1])
        self.refused("InvalidArgumentException", ask, StreamName="cam", Fragments=[])
        self.refused("InvalidArgumentException", ask, StreamName="cam", Fragments=self.numbers[:1] * 1001)
        self.refused("InvalidArgumentException", ask, StreamName="cam", Fragments=["x"])
        unknown = self.numbers[0][:-1] + ("1" if self.numbers[0][-1] != "1" else "2")
        mixed = ask(StreamName="cam", Fragments=[unknown, self.numbers[0]])["Payload"].read()
        self.assertEqual(mixed.count(CLUSTER), 1)
        for part in [b"FRAGMENT_NOT_FOUND", b"AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE", unknown.encode()]:
            self.assertIn(part, mixed)

    def first(self, selector):
        """The number of the first fragment that GetMedia sends."""
        payload = self.media.get_media(StreamName="cam", StartSelector=selector)["Payload"]
        self.addCleanup(payload.close)
        head = b""
        while True:
            head += payload.read(512)
            found = re.search(rb"AWS_KINESISVIDEO_FRAGMENT_NUMBER.{1,6}?(\d{47})", head, re.DOTALL)
            if found:
                return found[1].decode()

    def test_media_begin_where_each_selector_says(self):
        listed = self.archive.list_fragments(StreamName="cam")["Fragments"]
        for selector, place in [
            ({"StartSelectorType": "EARLIEST"}, 0),
            ({"StartSelectorType": "NOW"}, 11),
            ({"StartSelectorType": "FRAGMENT_NUMBER", "AfterFragmentNumber": self.numbers[3]}, 4),
            ({"StartSelectorType": "CONTINUATION_TOKEN", "ContinuationToken": self.numbers[7]}, 8),
            ({"StartSelectorType": "PRODUCER_TIMESTAMP", "StartTimestamp": self.time(5.5)}, 5),
            ({"StartSelectorType": "PRODUCER_TIMESTAMP", "StartTimestamp": self.time(20)}, 10),
            ({"StartSelectorType": "SERVER_TIMESTAMP", "StartTimestamp": listed[0]["ServerTimestamp"]}, 0),
        ]:
            with self.subTest(selector["StartSelectorType"]):
                self.assertEqual(self.first(selector), self.numbers[place])

    def test_media_follow_what_is_sent_now(self):
        name = self.stream(film(1, sound=False))
        payload = self.media.get_media(StreamName=name, StartSelector={"StartSelectorType": "EARLIEST"})["Payload"]
        self.addCleanup(payload.close)
        received = payload.read(2000)
        later = put(self.endpoint, name, film(1, sound=False), self.start + 1)
        while later[0].encode() not in received:
            piece = payload.read(2000)
            self.assertTrue(piece, "the answer stays open")
            received += piece
        self.assertIn(b"AWS_KINESISVIDEO_MILLIS_BEHIND_NOW", received)

    def test_media_of_a_stream_that_keeps_nothing_pass_on_to_who_follows(self):
        name = f"boto-{uuid.uuid4()}"
        self.client("kinesisvideo").create_stream(StreamName=name)
        payload = self.media.get_media(StreamName=name, StartSelector={"StartSelectorType": "NOW"})["Payload"]
        self.addCleanup(payload.close)
        self.assertEqual(put(self.endpoint, name, film(2, sound=False), self.start), [], "nothing is persisted")
        received = b""
        while received.count(CLUSTER) < 2:
            piece = payload.read(2000)
            self.assertTrue(piece, "the answer stays open")
            received += piece
        numbers = re.findall(rb"AWS_KINESISVIDEO_FRAGMENT_NUMBER.{1,6}?(\d{47})", received, re.DOTALL)
        self.assertEqual(len(set(numbers)), 2)
        later = self.media.get_media(StreamName=name, StartSelector={"StartSelectorType": "EARLIEST"})["Payload"]
        self.addCleanup(later.close)
        self.assertIn(numbers[0], later.read(2000), "the last minutes are there for who comes later")
        self.refused("NoDataRetentionException", self.archive.list_fragments, StreamName=name)

    def test_media_refuse_a_start_that_names_no_place(self):
        ask = self.media.get_media
        self.everywhere(None, ask, StartSelector={"StartSelectorType": "EARLIEST"})
        for kind in ["FRAGMENT_NUMBER", "CONTINUATION_TOKEN", "PRODUCER_TIMESTAMP", "SERVER_TIMESTAMP"]:
            self.refused("InvalidArgumentException", ask, StreamName="cam", StartSelector={"StartSelectorType": kind})
        odd = {"StartSelectorType": "FRAGMENT_NUMBER", "AfterFragmentNumber": "x"}
        self.refused("InvalidArgumentException", ask, StreamName="cam", StartSelector=odd)

    def test_a_clip_is_a_sound_film(self):
        clip = self.archive.get_clip(StreamName="cam", ClipFragmentSelector=self.between(1, 5))
        self.assertEqual(clip["ContentType"], "video/mp4")
        path = self.save(clip["Payload"], "clip.mp4")
        streams, whole, said = probe(path)
        self.assertEqual(said, "")
        self.assertEqual(int(streams["h264"]["nb_read_packets"]), 100)
        self.assertAlmostEqual(float(whole["duration"]), 4, delta=0.1)
        self.assertIn("aac", streams)
        self.assertEqual(decode(path), "")
        self.assertLess(path.read_bytes().index(b"moov"), path.read_bytes().index(b"mdat"))

    def test_g711_is_heard_where_the_service_plays_it(self):
        for coder, law, in_clips in [("pcm_alaw", "alaw", True), ("pcm_mulaw", "ulaw", False)]:
            name = self.stream(film(3, sound=coder))
            hls, dash = self.archive.get_hls_streaming_session_url, {"PlaybackMode": "ON_DEMAND", "DASHFragmentSelector": self.between(0, 9)}
            self.refused("UnsupportedStreamMediaTypeException", hls, StreamName=name, PlaybackMode="ON_DEMAND", HLSFragmentSelector=self.between(0, 9))
            address = self.session("DASH", StreamName=name, **dash)
            self.assertIn(f'codecs="{law}"', self.text(address))
            sources = [address]
            clip = {"StreamName": name, "ClipFragmentSelector": self.between(0, 9)}
            if in_clips:
                sources.append(self.save(self.archive.get_clip(**clip)["Payload"], "alaw.mp4"))
            else:
                self.refused("UnsupportedStreamMediaTypeException", self.archive.get_clip, **clip)
            for source in sources:
                with self.subTest(source=str(source)[:60], coder=coder):
                    streams, _, said = probe(source)
                    self.assertEqual(said, "")
                    self.assertEqual(int(streams["h264"]["nb_read_packets"]), 75)
                    self.assertEqual((streams[coder]["sample_rate"], streams[coder]["channels"]), ("8000", 1))
                    self.assertEqual(decode(source), "")
            other = self.stream(film(1, codec="libx265", sound=coder))
            for ask, more in [(self.archive.get_dash_streaming_session_url, dash), (self.archive.get_clip, {"ClipFragmentSelector": self.between(0, 9)})]:
                self.refused("UnsupportedStreamMediaTypeException", ask, StreamName=other, **more)

    def test_a_clip_closes_a_gap(self):
        path = self.save(self.archive.get_clip(StreamName="cam", ClipFragmentSelector=self.between(8, 40))["Payload"], "gap.mp4")
        self.assertAlmostEqual(float(probe(path)[1]["duration"]), 4, delta=0.1)
        self.assertEqual(decode(path), "")

    def test_a_clip_is_refused_with_its_reason(self):
        ask = self.archive.get_clip
        self.everywhere("NoDataRetentionException", ask, ClipFragmentSelector=self.between(0, 5))
        self.refused("ResourceNotFoundException", ask, StreamName="cam", ClipFragmentSelector=self.between(12, 20))
        for selector in [self.between(5, 5), self.between(5, 4), self.between(0, 86_401), self.between(0, 7200, SERVER)]:
            self.refused("InvalidArgumentException", ask, StreamName="cam", ClipFragmentSelector=selector)
        name = self.stream(film(1, sound=False))
        put(self.endpoint, name, film(1, size="160x120", sound=False), self.start + 1)
        self.refused("InvalidCodecPrivateDataException", ask, StreamName=name, ClipFragmentSelector=self.between(0, 5))
        put(self.endpoint, name, film(1, size="160x120"), self.start + 2)
        self.refused("UnsupportedStreamMediaTypeException", ask, StreamName=name, ClipFragmentSelector=self.between(1, 5))
        other = self.stream(film(1, sound=False, codec="mjpeg"))
        self.refused("UnsupportedStreamMediaTypeException", ask, StreamName=other, ClipFragmentSelector=self.between(0, 5))

    def images(self, first, last, **more):
        usual = {"StreamName": "cam", "ImageSelectorType": PRODUCER, "Format": "JPEG", "SamplingInterval": 500}
        return self.archive.get_images(StartTimestamp=self.time(first), EndTimestamp=self.time(last), **{**usual, **more})

    def test_images_are_pictures_of_their_moments(self):
        answer = self.images(1, 3)
        self.assertEqual([(one["TimeStamp"] - self.time(0)) / timedelta(seconds=1) for one in answer["Images"]], [1, 1.5, 2, 2.5, 3])
        pictures = [base64.b64decode(one["ImageContent"]) for one in answer["Images"]]
        self.assertEqual(len(set(pictures)), 5, "the test picture moves")
        path = self.save(pictures[0], "one.jpg")
        self.assertEqual((probe(path)[0]["mjpeg"]["width"], probe(path)[0]["mjpeg"]["height"]), (320, 240))
        small = self.images(1, 1, Format="PNG", HeightPixels=120)["Images"][0]["ImageContent"]
        streams = probe(self.save(base64.b64decode(small), "one.png"))[0]
        self.assertEqual((streams["png"]["width"], streams["png"]["height"]), (160, 120))
        worst = self.images(1, 1, FormatConfig={"JPEGQuality": "1"})["Images"][0]["ImageContent"]
        self.assertLess(len(worst), len(pictures[0]) / 2)

    def test_an_image_is_the_picture_that_ffmpeg_shows_there(self):
        clip = self.save(self.archive.get_clip(StreamName="cam", ClipFragmentSelector=self.between(2, 3))["Payload"], "two.mp4")
        ours = self.save(base64.b64decode(self.images(3, 3, Format="PNG")["Images"][0]["ImageContent"]), "ours.png")
        compare = ["ffmpeg", "-v", "info", "-ss", "0.95", "-i", str(clip), "-i", str(ours), "-frames:v", "1", "-lavfi", "[0:v]format=rgb24[a];[1:v]format=rgb24[b];[a][b]psnr", "-f", "null", "-"]
        said = subprocess.run(compare, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60).stderr
        likeness = re.search(r"average:(inf|[\d.]+)", said)
        self.assertTrue(likeness, said)
        self.assertGreater(float(likeness[1]), 30, said)

    def test_moments_without_pictures_say_so_and_pages_go_on(self):
        pages = self.archive.get_paginator("get_images").paginate(
            StreamName="cam", ImageSelectorType=PRODUCER, StartTimestamp=self.time(8), EndTimestamp=self.time(31), SamplingInterval=200, Format="JPEG")
        images = [one for page in pages for one in page["Images"]]
        self.assertEqual(len(images), 116)
        missing = [one["Error"] for one in images if "Error" in one]
        self.assertEqual(set(missing), {"NO_MEDIA"})
        self.assertAlmostEqual(len(missing), 100, delta=2)
        other = self.stream(film(1, sound=False, codec="libx265"))
        answer = self.images(0, 0, StreamName=other)
        self.assertEqual([one["Error"] for one in answer["Images"]], ["MEDIA_ERROR"])

    def test_images_are_refused_with_their_reason(self):
        usual = {"ImageSelectorType": PRODUCER, "StartTimestamp": self.time(0), "EndTimestamp": self.time(1), "Format": "JPEG"}
        self.everywhere("NoDataRetentionException", self.archive.get_images, **usual)
        for more in [{"SamplingInterval": 199}, {"MaxResults": 0}, {"MaxResults": 101}, {"WidthPixels": 100}, {"HeightPixels": 2161}, {"NextToken": "x"},
                     {"FormatConfig": {"JPEGQuality": "101"}}, {"EndTimestamp": self.time(301)}, {"EndTimestamp": self.time(-1)}]:
            with self.subTest(more):
                self.refused("InvalidArgumentException", self.archive.get_images, StreamName="cam", **{**usual, **more})

    def session(self, kind, **more):
        ask = {"HLS": self.archive.get_hls_streaming_session_url, "DASH": self.archive.get_dash_streaming_session_url}[kind]
        return ask(**{"StreamName": "cam", **more})[f"{kind}StreamingSessionURL"]

    def addresses(self, name, first, last):
        """A recorded range in each form that players read."""
        for kind, more in [("HLS", {}), ("HLS", {"ContainerFormat": "MPEG_TS"}), ("DASH", {})]:
            selector = {f"{kind}FragmentSelector": self.between(first, last)}
            yield f"{kind} {more}", self.session(kind, StreamName=name, PlaybackMode="ON_DEMAND", **selector, **more)

    def test_players_read_a_recorded_range(self):
        for form, address in self.addresses("cam", 1, 5):
            with self.subTest(form):
                streams, _, said = probe(address)
                self.assertEqual(said, "")
                self.assertEqual(int(streams["h264"]["nb_read_packets"]), 100)
                self.assertGreater(int(streams["aac"]["nb_read_packets"]), 180)
                self.assertEqual(decode(address), "")

    def test_players_read_pictures_coded_out_of_order(self):
        for codec, name in [("libx264", "h264"), ("libx265", "hevc")]:
            stream = self.stream(film(3, "320x240", False, codec, "-bf", "3"))
            clip = self.archive.get_clip(StreamName=stream, ClipFragmentSelector=self.between(0, 5))["Payload"]
            for form, source in [("clip", self.save(clip, "reordered.mp4")), *self.addresses(stream, 0, 5)]:
                with self.subTest(f"{form} of {codec}"):
                    streams, _, said = probe(source)
                    self.assertEqual(said, "")
                    self.assertEqual(streams[name]["has_b_frames"] > 0, True)
                    self.assertEqual(int(streams[name]["nb_read_packets"]), 75)
                    self.assertEqual(decode(source), "")

    def test_players_hear_sound_alone_of_which_there_are_no_pictures(self):
        stream = self.stream(song(4))
        for form, address in self.addresses(stream, 0, 10):
            with self.subTest(form):
                streams, _, said = probe(address)
                self.assertEqual((list(streams), said), (["aac"], ""))
                self.assertGreater(int(streams["aac"]["nb_read_packets"]), 180)
                self.assertEqual(decode(address), "")
        self.refused("UnsupportedStreamMediaTypeException", self.archive.get_clip, StreamName=stream, ClipFragmentSelector=self.between(0, 5))
        self.assertEqual([one["Error"] for one in self.images(1, 1, StreamName=stream)["Images"]], ["MEDIA_ERROR"])

    def test_players_read_over_a_gap_and_a_change_of_the_decoder(self):
        name = self.stream(film(2, sound=False))
        put(self.endpoint, name, film(2, size="160x120", sound=False), self.start + 10)
        for container in ["FRAGMENTED_MP4", "MPEG_TS"]:
            for mode in ["ALWAYS", "ON_DISCONTINUITY"]:
                with self.subTest(container, mode=mode):
                    address = self.session("HLS", StreamName=name, PlaybackMode="ON_DEMAND", ContainerFormat=container, DiscontinuityMode=mode, HLSFragmentSelector=self.between(0, 20))
                    streams, _, said = probe(address)
                    self.assertEqual(int(streams["h264"]["nb_read_packets"]), 100, said)
        manifest = self.text(self.session("DASH", StreamName=name, PlaybackMode="ON_DEMAND", DASHFragmentSelector=self.between(0, 20)))
        self.assertEqual(manifest.count("<Period "), 2)

    def text(self, address):
        with urlopen(address) as answer:
            self.assertEqual(answer.headers["access-control-allow-origin"], "*")
            return answer.read().decode()

    def test_a_replay_and_a_live_session_are_read(self):
        live = film(4)
        name = self.stream(live, start=time.time() - 4)
        replay = {"FragmentSelectorType": PRODUCER, "TimestampRange": self.range(0, 9)}
        for kind in ["HLS", "DASH"]:
            with self.subTest(kind):
                listed = self.text(self.session(kind, StreamName=name, PlaybackMode="LIVE"))
                self.assertIn("#EXT-X-STREAM-INF" if kind == "HLS" else 'type="dynamic"', listed)
                listed = self.text(self.session(kind, PlaybackMode="LIVE_REPLAY", **{f"{kind}FragmentSelector": replay}))
                self.assertIn("#EXT-X-STREAM-INF" if kind == "HLS" else 'type="dynamic"', listed)
                self.refused("ResourceNotFoundException", self.archive.get_hls_streaming_session_url, StreamName="none")

    def test_timestamps_and_numbers_are_shown_on_request(self):
        manifest = self.text(self.session("DASH", PlaybackMode="ON_DEMAND", DASHFragmentSelector=self.between(0, 3), DisplayFragmentNumber="ALWAYS", DisplayFragmentTimestamp="ALWAYS"))
        self.assertEqual(re.findall(r'kvs:fn="(\d+)"', manifest)[:3], self.numbers[:3])
        self.assertIn("kvs:ts=", manifest)
        master = self.session("HLS", PlaybackMode="ON_DEMAND", HLSFragmentSelector=self.between(0, 3), DisplayFragmentTimestamp="ALWAYS", MaxMediaPlaylistFragmentResults=2)
        playlist = self.text(f"{master.rsplit('/', 1)[0]}/{self.text(master).splitlines()[-1]}")
        self.assertEqual(playlist.count("#EXT-X-PROGRAM-DATE-TIME"), 2)

    def test_sessions_are_refused_with_their_reason(self):
        for kind, most in [("HLS", "MaxMediaPlaylistFragmentResults"), ("DASH", "MaxManifestFragmentResults")]:
            ask = {"HLS": self.archive.get_hls_streaming_session_url, "DASH": self.archive.get_dash_streaming_session_url}[kind]
            selector = f"{kind}FragmentSelector"
            recorded = {"PlaybackMode": "ON_DEMAND", selector: self.between(0, 5)}
            self.everywhere("NoDataRetentionException", ask, **recorded)
            # The newest fragment is an hour old by the camera's clock, and arrived more than thirty seconds ago or not.
            self.refused("ResourceNotFoundException", ask, StreamName="cam", **{**recorded, selector: self.between(12, 20)})
            for more in [{"Expires": 299}, {"Expires": 43_201}, {most: 0}, {most: 5001}, {selector: {"FragmentSelectorType": PRODUCER}},
                         {"PlaybackMode": "LIVE"}, {selector: self.between(5, 4)}, {selector: self.between(0, 86_401)}, {selector: self.between(0, 7200, SERVER)}]:
                with self.subTest(kind, **{key: str(value) for key, value in more.items()}):
                    self.refused("InvalidArgumentException", ask, StreamName="cam", **{**recorded, **more})
            other = self.stream(film(1, sound=False, codec="mjpeg"))
            self.refused("UnsupportedStreamMediaTypeException", ask, StreamName=other, **recorded)

    def test_an_address_with_a_changed_token_is_refused(self):
        for kind in ["HLS", "DASH"]:
            address = self.session(kind, PlaybackMode="ON_DEMAND", **{f"{kind}FragmentSelector": self.between(0, 3)})
            for changed in [address.replace("SessionToken=", "SessionToken=A"), address.split("?")[0]]:
                with self.assertRaises(HTTPError) as caught:
                    urlopen(changed)
                self.assertEqual(caught.exception.code, 403)
                self.assertEqual(caught.exception.headers["x-amzn-errortype"], "NotAuthorizedException")
                caught.exception.close()


class Limited(EmbeddedCloud):
    """The quotas of the service, which are on unless they are switched off."""

    options = ["--no-demo"]

    def setUp(self):
        self.archive = self.client("kinesis-video-archived-media")
        self.video = self.client("kinesisvideo")
        self.name = f"boto-{uuid.uuid4()}"
        self.video.create_stream(StreamName=self.name, DataRetentionInHours=24)
        self.start = int(time.time()) - 3600
        self.numbers = put(self.endpoint, self.name, film(2, sound=False), self.start)

    def overdone(self, most, call, **arguments):
        """Asks until it is too much, which takes more than `most`, and returns the error."""
        for n in range(20 * most):
            try:
                call(**arguments)
            except ClientError as error:
                self.assertGreaterEqual(n, most)
                self.assertEqual(error.response["Error"]["Code"], "ClientLimitExceededException")
                self.assertEqual(error.response["ResponseMetadata"]["HTTPStatusCode"], 400)
                return error.response["Error"]["Message"]
        raise AssertionError("nothing was too much")

    def session(self):
        range = {"StartTimestamp": datetime.fromtimestamp(self.start, timezone.utc), "EndTimestamp": datetime.fromtimestamp(self.start + 60, timezone.utc)}
        selector = {"FragmentSelectorType": PRODUCER, "TimestampRange": range}
        return self.archive.get_hls_streaming_session_url(StreamName=self.name, PlaybackMode="ON_DEMAND", HLSFragmentSelector=selector)["HLSStreamingSessionURL"]

    def test_requests_about_a_stream_can_be_too_many(self):
        said = self.overdone(25, self.video.get_data_endpoint, StreamName=self.name, APIName="PUT_MEDIA")
        self.assertEqual(said, f"Limit exceeded on number of requests for GetDataEndpoint API for resource '{self.name}'")
        self.overdone(25, self.video.describe_stream, StreamName=self.name)
        until("a request is allowed again", lambda: self.answers(self.video.describe_stream, StreamName=self.name))

    def answers(self, call, **arguments):
        try:
            return call(**arguments)
        except ClientError as error:
            self.assertEqual(error.response["Error"]["Code"], "ClientLimitExceededException")
            return None

    def test_looking_up_and_reading_fragments_have_points(self):
        self.overdone(50, self.archive.list_fragments, StreamName=self.name, MaxResults=1000)
        read = {"StreamName": self.name, "Fragments": self.numbers[:1] * 1000}
        self.overdone(2, lambda **more: self.archive.get_media_for_fragment_list(**more)["Payload"].close(), **read)

    def test_players_of_a_session_can_be_too_eager(self):
        address = self.session()
        with self.assertRaises(HTTPError) as caught:
            for _ in range(500):
                urlopen(address).close()
        self.assertEqual((caught.exception.code, caught.exception.headers["x-amzn-errortype"]), (400, "ClientLimitExceededException"))
        self.assertIn("exceeded the limit of allowed client calls", caught.exception.read().decode())
        caught.exception.close()
        urlopen(self.session()).close()

    def test_three_may_follow_a_stream(self):
        media = self.client("kinesis-video-media")
        follow = {"StreamName": self.name, "StartSelector": {"StartSelectorType": "EARLIEST"}}
        open_ones = [media.get_media(**follow)["Payload"] for _ in range(3)]
        self.refused("ConnectionLimitExceededException", media.get_media, **follow)
        for one in open_ones:
            one.close()


if __name__ == "__main__":
    unittest.main()
