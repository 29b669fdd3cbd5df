//! Kinesis Video, SQS, SES, Cognito and IoT behind the ports.
