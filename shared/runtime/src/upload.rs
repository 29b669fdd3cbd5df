//! A posted form with files (multipart/form-data).

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};

use crate::Problem;
use crate::input::malformed;

/// A file of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedFile {
    /// As the sender named it, nothing checked.
    pub name: String,
    pub bytes: Bytes,
}

/// What a form with files holds.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    pub fields: BTreeMap<String, String>,
    pub files: BTreeMap<String, UploadedFile>,
}

/// Tells whether the body is a form with files.
pub(crate) fn is_upload(headers: &HeaderMap) -> bool {
    boundary(headers).is_some()
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    multer::parse_boundary(kind).ok()
}

/// Reads the parts; `None` if they cannot be read.
pub(crate) async fn read(headers: &HeaderMap, body: &Bytes) -> Option<Upload> {
    let body = body.clone();
    let whole = futures::stream::once(async move { Ok::<Bytes, Infallible>(body) });
    let mut parts = multer::Multipart::new(whole, boundary(headers)?);
    let mut upload = Upload::default();
    while let Some(part) = parts.next_field().await.ok()? {
        let name = part.name().unwrap_or_default().to_owned();
        match part.file_name().map(str::to_owned) {
            Some(file) => {
                let bytes = part.bytes().await.ok()?;
                upload
                    .files
                    .insert(name, UploadedFile { name: file, bytes });
            }
            None => {
                let text = part.text().await.ok()?;
                upload.fields.insert(name, text);
            }
        }
    }
    Some(upload)
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|error| malformed(&error.to_string()))?;
        let upload = read(&headers, &body).await;
        upload.ok_or_else(|| malformed("the body is no form with files"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn check(kind: &str, body: &str) -> Result<Upload, u16> {
        let request = Request::post("/").header(header::CONTENT_TYPE, kind);
        let request = request.body(body.to_owned().into()).unwrap();
        let upload = Upload::from_request(request, &()).await;
        upload.map_err(|problem| problem.status.as_u16())
    }

    #[tokio::test]
    async fn fields_and_files_are_read_by_name() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\ntoken\r\n--x\r\nContent-Disposition: form-data; name=\"scan\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n--x--\r\n";
        let upload = check("multipart/form-data; boundary=x", body).await;
        let upload = upload.unwrap();
        assert_eq!(upload.fields["csrf"], "token");
        assert_eq!(upload.files["scan"].name, "a.pdf");
        assert_eq!(&upload.files["scan"].bytes[..], b"%PDF");
    }

    #[tokio::test]
    async fn what_is_no_form_with_files_is_refused() {
        for (kind, body) in [
            ("application/json", "{}"),
            ("multipart/form-data", "--x--"),
            (
                "multipart/form-data; boundary=x",
                "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ncut",
            ),
        ] {
            assert_eq!(check(kind, body).await.err(), Some(400), "{kind}");
        }
    }
}
