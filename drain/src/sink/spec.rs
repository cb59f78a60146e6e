//! `KIND:PATH`, the short form of a sink, as in `--sink json:/var/log/billing.json`; `KIND` alone is
//! stdout.

use logring::{Error, Result};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// A local sink as the user gave it: a renderer's name and where its bytes go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkSpec {
    text: String,
    renderer: String,
    path: PathBuf,
}

impl SinkSpec {
    /// Reads `KIND:PATH`; `renderers` are the kinds that exist. The path `-` is stdout, and so is
    /// none.
    ///
    /// # Errors
    /// An unknown kind, or an empty path; the sentence lists the kinds.
    pub fn parse(text: &str, renderers: &[&str]) -> Result<Self> {
        let (renderer, path) = text.split_once(':').unwrap_or((text, "-"));
        if !renderers.contains(&renderer) {
            let kinds = renderers.join(", ");
            return Err(Error::invalid(format!(
                "unknown sink `{text}`, expected KIND:PATH, or KIND alone for stdout, where KIND is \
                 one of: {kinds}"
            )));
        }
        if path.is_empty() {
            return Err(Error::invalid(format!(
                "sink `{text}`: the path after `{renderer}:` is empty; `-` is stdout"
            )));
        }
        Ok(Self {
            text: format!("{renderer}:{path}"),
            renderer: renderer.to_owned(),
            path: path.into(),
        })
    }

    /// The name of the renderer.
    #[must_use]
    pub fn renderer(&self) -> &str {
        &self.renderer
    }

    /// Where the bytes go, as given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the sink's cursor in the ledger: unlike the text it means the same file from
    /// every working directory.
    ///
    /// # Errors
    /// The working directory is gone.
    pub fn cursor_name(&self) -> Result<String> {
        if self.path == Path::new("-") {
            return Ok(self.text.clone());
        }
        let path = std::path::absolute(&self.path)
            .map_err(|error| Error::os(format!("resolve the path of sink `{self}`"), error))?;
        Ok(format!("{}:{}", self.renderer, path.display()))
    }
}

impl fmt::Display for SinkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::SinkSpec;
    use std::path::Path;

    #[test]
    fn a_path_may_have_colons_and_a_name_is_absolute() {
        let spec = SinkSpec::parse("json:logs/a:b.json", &["json"]).unwrap();
        assert_eq!((spec.renderer(), spec.path()), ("json", Path::new("logs/a:b.json")));
        let here = std::env::current_dir().unwrap();
        let name = format!("json:{}/logs/a:b.json", here.display());
        assert_eq!(spec.cursor_name().unwrap(), name);
        for stdout in ["json:-", "json"] {
            let spec = SinkSpec::parse(stdout, &["json"]).unwrap();
            assert_eq!(spec.cursor_name().unwrap(), "json:-");
            assert_eq!(spec.to_string(), "json:-");
        }
    }

    #[test]
    fn an_error_says_what_exists() {
        for text in ["out.log", "xml:out.log", "json:", ""] {
            let error = SinkSpec::parse(text, &["json", "logfmt"]).unwrap_err();
            assert!(error.is_invalid());
            let error = error.to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
            assert!(error.contains("json"), "{error}");
        }
    }
}
