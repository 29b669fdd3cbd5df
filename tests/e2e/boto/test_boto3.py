"""The ecosystem's own client against the embedded cloud, unchanged: endpoint, access key `test`, secret `test`."""

import json
import os
import unittest
import uuid
from datetime import datetime, timedelta, timezone
from urllib.request import urlopen

from boto.cloud import EmbeddedCloud, until

POOL = "ap-northeast-1_CustomerPool"


class EveryService(EmbeddedCloud):
    """The demo, seen through boto3."""

    def test_sts_tells_who_calls(self):
        self.assertTrue(self.client("sts").get_caller_identity()["Account"].isdigit())

    def test_a_wrong_secret_is_refused_in_each_services_own_way(self):
        wrong = {"aws_secret_access_key": "wrong"}
        self.refused("SignatureDoesNotMatch", self.client("sts", **wrong).get_caller_identity)
        self.refused("SignatureDoesNotMatch", self.client("s3", **wrong).list_buckets)
        self.refused("InvalidSignatureException", self.client("dynamodb", **wrong).list_tables)
        self.refused("InvalidSignatureException", self.client("lambda", **wrong).list_functions)
        self.refused("InvalidSignatureException", self.client("kinesisvideo", **wrong).list_streams)

    def test_dynamodb_holds_the_tables_and_keeps_a_transaction_whole(self):
        tables = self.client("dynamodb")
        self.assertEqual(sorted(tables.list_tables()["TableNames"])[:2], ["ciero-confidential", "ciero-main"])
        key = {"PK": {"S": f"TEST#{uuid.uuid4()}"}, "SK": {"S": "A"}}
        put = {"Put": {"TableName": "ciero-main", "Item": key, "ConditionExpression": "attribute_not_exists(PK)"}}
        other = {"Put": {"TableName": "ciero-main", "Item": {**key, "SK": {"S": "B"}}}}
        tables.transact_write_items(TransactItems=[put])
        self.refused("TransactionCanceledException", tables.transact_write_items, TransactItems=[other, put])
        found = tables.query(
            TableName="ciero-main", ConsistentRead=True, KeyConditionExpression="PK = :pk", ExpressionAttributeValues={":pk": key["PK"]}
        )
        self.assertEqual([item["SK"]["S"] for item in found["Items"]], ["A"])

    def test_s3_keeps_an_object_and_its_bytes(self):
        files = self.client("s3")
        bucket = f"boto-{uuid.uuid4()}"
        files.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
        content = os.urandom(1 << 20)
        files.put_object(Bucket=bucket, Key="a/b c.bin", Body=content)
        self.assertEqual(files.get_object(Bucket=bucket, Key="a/b c.bin")["Body"].read(), content)
        self.assertEqual([one["Key"] for one in files.list_objects_v2(Bucket=bucket)["Contents"]], ["a/b c.bin"])
        self.refused("NoSuchKey", files.get_object, Bucket=bucket, Key="none")

    def test_sqs_delivers_a_message_until_it_is_deleted(self):
        queues = self.client("sqs")
        # A queue of its own has no reader that could be faster than this test.
        name = f"boto-{uuid.uuid4()}"
        queues.create_queue(QueueName=name)
        url = queues.get_queue_url(QueueName=name)["QueueUrl"]
        queues.send_message(QueueUrl=url, MessageBody="ひとこと")
        received = queues.receive_message(QueueUrl=url, WaitTimeSeconds=5, VisibilityTimeout=0)["Messages"][0]
        self.assertEqual(received["Body"], "ひとこと")
        again = queues.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]
        queues.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
        self.assertNotIn("Messages", queues.receive_message(QueueUrl=url))

    def test_ses_puts_a_mail_into_the_mailbox(self):
        subject = f"件名 {uuid.uuid4()}"
        content = {"Simple": {"Subject": {"Data": subject}, "Body": {"Text": {"Data": "本文"}}}}
        self.client("sesv2").send_email(
            FromEmailAddress="no-reply@portal.example.jp", Destination={"ToAddresses": ["boto@example.jp"]}, Content=content
        )
        with urlopen(f"{self.portal}/_local/mail.json") as answer:
            mails = [mail for mail in json.load(answer) if mail["subject"] == subject]
        self.assertEqual([(mail["to"], mail["text"]) for mail in mails], [(["boto@example.jp"], "本文")])

    def test_ses_takes_a_mail_under_a_declared_configuration_set_only(self):
        mail = {
            "FromEmailAddress": "no-reply@portal.example.jp",
            "Destination": {"ToAddresses": ["bounce@simulator.amazonses.com"]},
            "Content": {"Simple": {"Subject": {"Data": "件名"}, "Body": {"Text": {"Data": "本文"}}}},
        }
        sender = self.client("sesv2")
        sent = sender.send_email(ConfigurationSetName="ciero-notices", **mail)["MessageId"]
        with urlopen(f"{self.portal}/_local/mail.json") as answer:
            self.assertEqual([one["state"] for one in json.load(answer) if one["id"] == sent], ["bounced"])
        self.refused("NotFoundException", sender.send_email, ConfigurationSetName="none", **mail)

    def test_cognito_keeps_a_user(self):
        people = self.client("cognito-idp")
        name = f"boto-{uuid.uuid4()}"
        people.admin_create_user(UserPoolId=POOL, Username=name, MessageAction="SUPPRESS", UserAttributes=[{"Name": "email", "Value": f"{name}@example.jp"}])
        people.admin_set_user_password(UserPoolId=POOL, Username=name, Password="a-good-password-1", Permanent=True)
        self.assertEqual(people.admin_get_user(UserPoolId=POOL, Username=name)["UserStatus"], "CONFIRMED")
        self.refused("UsernameExistsException", people.admin_create_user, UserPoolId=POOL, Username=name, MessageAction="SUPPRESS")
        people.admin_delete_user(UserPoolId=POOL, Username=name)
        self.refused("UserNotFoundException", people.admin_get_user, UserPoolId=POOL, Username=name)

    def test_iot_knows_things_and_the_role_alias_of_devices(self):
        things = self.client("iot")
        name = f"boto-{uuid.uuid4()}"
        things.create_thing(thingName=name)
        self.assertEqual(things.describe_thing(thingName=name)["thingName"], name)
        self.assertTrue(things.describe_endpoint(endpointType="iot:CredentialProvider")["endpointAddress"])
        self.refused("ResourceNotFoundException", things.describe_thing, thingName="none")

    def test_kinesis_video_keeps_streams(self):
        video = self.client("kinesisvideo")
        name = f"boto-{uuid.uuid4()}"
        arn = video.create_stream(StreamName=name, DataRetentionInHours=24)["StreamARN"]
        info = video.describe_stream(StreamName=name)["StreamInfo"]
        self.assertEqual((info["StreamARN"], info["Status"], info["DataRetentionInHours"]), (arn, "ACTIVE", 24))
        self.refused("ResourceInUseException", video.create_stream, StreamName=name)
        names = [one["StreamName"] for page in video.get_paginator("list_streams").paginate() for one in page["StreamInfoList"]]
        self.assertIn(name, names)
        video.delete_stream(StreamARN=arn)
        self.refused("ResourceNotFoundException", video.describe_stream, StreamName=name)

    def test_kinesis_video_changes_streams(self):
        video = self.client("kinesisvideo")
        name = f"boto-{uuid.uuid4()}"
        arn = video.create_stream(StreamName=name, DataRetentionInHours=24, Tags={"site": "a"})["StreamARN"]
        info = lambda: video.describe_stream(StreamName=name)["StreamInfo"]
        first = info()["Version"]
        video.update_stream(StreamName=name, CurrentVersion=first, DeviceName="box", MediaType="video/h264")
        self.assertEqual((info()["DeviceName"], info()["MediaType"]), ("box", "video/h264"))
        self.assertNotEqual(info()["Version"], first)
        self.refused("VersionMismatchException", video.update_stream, StreamName=name, CurrentVersion=first, DeviceName="b")
        for change, by, hours in [("INCREASE_DATA_RETENTION", 24, 48), ("DECREASE_DATA_RETENTION", 46, 2)]:
            video.update_data_retention(StreamARN=arn, CurrentVersion=info()["Version"], Operation=change, DataRetentionChangeInHours=by)
            self.assertEqual(info()["DataRetentionInHours"], hours)
        retention = {"StreamName": name, "CurrentVersion": info()["Version"], "DataRetentionChangeInHours": 3}
        self.refused("InvalidArgumentException", video.update_data_retention, Operation="DECREASE_DATA_RETENTION", **retention)
        self.refused("InvalidArgumentException", video.update_data_retention, Operation="HALVE", **retention)
        self.refused("VersionMismatchException", video.update_data_retention, Operation="INCREASE_DATA_RETENTION", **{**retention, "CurrentVersion": first})
        self.refused("ResourceNotFoundException", video.update_data_retention, Operation="INCREASE_DATA_RETENTION", **{**retention, "StreamName": "none"})

        tags = lambda: video.list_tags_for_stream(StreamName=name)["Tags"]
        video.tag_stream(StreamARN=arn, Tags={"floor": "2"})
        self.assertEqual(tags(), {"site": "a", "floor": "2"})
        video.untag_stream(StreamName=name, TagKeyList=["site"])
        self.assertEqual(tags(), {"floor": "2"})
        self.refused("TagsPerResourceExceededLimitException", video.tag_stream, StreamName=name, Tags={f"key-{n}": "" for n in range(50)})
        self.refused("ResourceNotFoundException", video.list_tags_for_stream, StreamName="none")

        tier = lambda: video.describe_stream_storage_configuration(StreamName=name)["StreamStorageConfiguration"]["DefaultStorageTier"]
        self.assertEqual(tier(), "HOT")
        stored = {"StreamName": name, "CurrentVersion": info()["Version"]}
        self.refused("InvalidArgumentException", video.update_stream_storage_configuration, StreamStorageConfiguration={"DefaultStorageTier": "COLD"}, **stored)
        video.update_stream_storage_configuration(StreamStorageConfiguration={"DefaultStorageTier": "WARM"}, **stored)
        self.assertEqual(tier(), "WARM")
        self.refused("VersionMismatchException", video.update_stream_storage_configuration, StreamStorageConfiguration={"DefaultStorageTier": "HOT"}, **stored)
        self.refused("VersionMismatchException", video.delete_stream, StreamARN=arn, CurrentVersion=first)
        video.delete_stream(StreamARN=arn, CurrentVersion=info()["Version"])

    def archive(self):
        """The demo's stream with a client for its archive, once something is recorded."""
        video = self.client("kinesisvideo")
        stream = video.list_streams(StreamNameCondition={"ComparisonOperator": "BEGINS_WITH", "ComparisonValue": "ciero-"})["StreamInfoList"][0]["StreamName"]
        place = video.get_data_endpoint(StreamName=stream, APIName="LIST_FRAGMENTS")["DataEndpoint"]
        archived = self.client("kinesis-video-archived-media", place)
        fragments = until("five fragments were recorded", lambda: (found := archived.list_fragments(StreamName=stream)["Fragments"]) and len(found) >= 5 and found)
        return archived, stream, sorted(fragments, key=lambda one: one["FragmentNumber"])

    def test_the_archive_lists_fragments_and_returns_their_media(self):
        archived, stream, fragments = self.archive()
        first = fragments[0]
        self.assertGreater(first["FragmentSizeInBytes"], 1000)
        self.assertLess(abs(first["ServerTimestamp"] - first["ProducerTimestamp"]), timedelta(seconds=30))
        numbers = [one["FragmentNumber"] for one in fragments[:2]]
        media = archived.get_media_for_fragment_list(StreamName=stream, Fragments=numbers)["Payload"].read()
        self.assertTrue(media.startswith(bytes.fromhex("1a45dfa3")))
        for number in numbers:
            self.assertIn(number.encode(), media)

    def test_the_archive_gives_session_addresses_live_and_on_demand(self):
        archived, stream, fragments = self.archive()
        live = archived.get_hls_streaming_session_url(StreamName=stream, PlaybackMode="LIVE")["HLSStreamingSessionURL"]
        with urlopen(live) as answer:
            self.assertTrue(answer.read().startswith(b"#EXTM3U"))
        start = fragments[0]["ProducerTimestamp"]
        window = {"FragmentSelectorType": "PRODUCER_TIMESTAMP", "TimestampRange": {"StartTimestamp": start, "EndTimestamp": start + timedelta(seconds=5)}}
        recorded = archived.get_hls_streaming_session_url(StreamName=stream, PlaybackMode="ON_DEMAND", HLSFragmentSelector=window)
        with urlopen(recorded["HLSStreamingSessionURL"]) as answer:
            self.assertIn(b"#EXT-X-STREAM-INF", answer.read())
        old = datetime(2020, 1, 1, tzinfo=timezone.utc)
        window["TimestampRange"] = {"StartTimestamp": old, "EndTimestamp": old + timedelta(seconds=5)}
        self.refused("ResourceNotFoundException", archived.get_hls_streaming_session_url, StreamName=stream, PlaybackMode="ON_DEMAND", HLSFragmentSelector=window)

    def test_lambda_lists_the_functions_and_invokes_one(self):
        functions = self.client("lambda")
        names = {one["FunctionName"] for one in functions.list_functions()["Functions"]}
        self.assertLessEqual({"portal", "signup-screening", "notification"}, names)
        event = {"version": "2.0", "routeKey": "GET /healthz", "rawPath": "/healthz", "rawQueryString": "", "headers": {}, "isBase64Encoded": False}
        event["requestContext"] = {
            "accountId": "000000000000", "apiId": "local", "domainName": "127.0.0.1", "domainPrefix": "127", "requestId": "1", "routeKey": "GET /healthz",
            "stage": "$default", "time": "01/Apr/2026:00:00:00 +0000", "timeEpoch": 1774969200000,
            "http": {"method": "GET", "path": "/healthz", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "boto"},
        }
        answer = functions.invoke(FunctionName="portal", Payload=json.dumps(event))
        self.assertNotIn("FunctionError", answer)
        self.assertEqual(json.load(answer["Payload"])["statusCode"], 200)
        self.refused("ResourceNotFoundException", functions.invoke, FunctionName="none", Payload="{}")


if __name__ == "__main__":
    unittest.main()
