"""RTSP cameras for the tests: each mount plays a Matroska file in real time, by Debian's gst-rtsp-server.

Usage: camera.py PORT PASSWORD NAME=FILE=VIDEO=SOUND...
PASSWORD is asked of the user "viewer" by digest, and "" asks nobody. VIDEO is h264 or h265; SOUND is aac, pcma, pcmu or "".
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer

PAYLOADS = {
    "h264": "h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96",
    "h265": "h265parse config-interval=-1 ! rtph265pay name=pay0 pt=96",
    "aac": "aacparse ! rtpmp4gpay name=pay1 pt=97",
    "pcma": "rtppcmapay name=pay1 pt=8",
    "pcmu": "rtppcmupay name=pay1 pt=0",
}


def factory(file, video, sound):
    launch = f"filesrc location={file} ! matroskademux name=demux demux.video_0 ! queue ! {PAYLOADS[video]}"
    if sound:
        launch += f" demux.audio_0 ! queue ! {PAYLOADS[sound]}"
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(f"( {launch} )")
    made.set_shared(False)
    return made


def protect(server, factories, password):
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.add_digest("viewer", password, token)
    server.set_auth(auth)
    for made in factories:
        permissions = GstRtspServer.RTSPPermissions()
        for what in ("media.factory.access", "media.factory.construct"):
            permissions.add_permission_for_role("viewer", what, True)
        made.set_permissions(permissions)


def main():
    port, password, *mounts = sys.argv[1:]
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factories = []
    for mount in mounts:
        name, file, video, sound = mount.split("=")
        made = factory(file, video, sound)
        server.get_mount_points().add_factory(f"/{name}", made)
        factories.append(made)
    if password:
        protect(server, factories, password)
    server.attach(None)
    print(f"ready: {server.get_bound_port()}", flush=True)
    GLib.MainLoop().run()


main()
