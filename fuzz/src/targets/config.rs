//! Config files: what is accepted has an effective form that reads back as itself.

use logring_drain::config::Settings;

use super::Target;

/// The settings of `logring-drain`.
#[derive(Default)]
pub(crate) struct ConfigParse {
    accepted: u64,
}

impl Target for ConfigParse {
    fn name(&self) -> &'static str {
        "config"
    }

    fn seeds(&mut self) -> Vec<Vec<u8>> {
        let texts = [
            "segment = \"billing\"\n[[sink]]\nkind = \"json\"\npath = \"/var/log/billing.json\"\n",
            "segment = \"a\"\norder = \"window\"\nmax_hold = \"1m 30s\"\nring_bytes = \"64 MiB\"\nwait = true\n\
             [[sink]]\nkind = \"json\"\npath = \"x\"\nlevel = \"warning\"\ndigits = 9\nthread = true\nfile = true\nline = true\n\
             [[sink]]\nkind = \"json\"\npath = \"y\"\nlevel = 33\n",
            "",
        ];
        texts.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    fn words(&self) -> &'static [&'static str] {
        &[
            "segment",
            "order",
            "strict",
            "window",
            "max_hold",
            "ring_bytes",
            "wait",
            "[[sink]]",
            "kind",
            "json",
            "path",
            "level",
            "digits",
            "thread",
            "file",
            "line",
            "\"2s\"",
            "\"1 GiB\"",
            "true",
            " = ",
            "\n",
            "\"",
            "'''",
            "0x",
            "99999999999999999999",
            "-1",
            "1e400",
            "inf",
            "\u{202e}",
            "# ",
        ]
    }

    fn run(&mut self, input: &[u8]) {
        let text = String::from_utf8_lossy(input);
        let config = match Settings::parse(&text, "fuzz.toml").and_then(Settings::effective) {
            Ok(config) => config,
            Err(error) => {
                let error = error.to_string();
                // A line for each fault.
                let is_told = !error.is_empty() && error.split('\n').all(|line| !line.is_empty());
                assert!(is_told, "a line for each: {error:?}");
                return;
            }
        };
        self.accepted += 1;
        let shown = config.to_string();
        let again = Settings::parse(&shown, "shown").and_then(Settings::effective);
        assert_eq!(again.expect("what is shown can be read"), config, "{shown}");
    }

    fn accepted(&self) -> u64 {
        self.accepted
    }
}
