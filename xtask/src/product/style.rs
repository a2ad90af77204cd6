//! The style sheet of the site, as one file: visitors load it in one request, and compressed as a
//! whole it is a quarter smaller than its parts.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// The sheet that imports the others, and the folder of those, in the site.
const SHEET: &str = "style.css";
const FOLDER: &str = "style";

/// Replaces each import of the sheet by the imported file, and removes the folder of these files.
///
/// # Errors
///
/// When an imported file is missing, or a file can't be written.
pub fn join(site: &Path) -> Result<()> {
    let path = site.join(SHEET);
    let sheet = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let parts: Vec<_> = sheet.lines().filter_map(imported).collect();
    let texts = parts.iter().map(|part| {
        let part = site.join(part);
        fs::read_to_string(&part).with_context(|| part.display().to_string())
    });
    fs::write(&path, texts.collect::<Result<Vec<_>>>()?.join("\n"))?;
    fs::remove_dir_all(site.join(FOLDER)).context("the folder of style sheets")
}

/// The path in a line that imports a sheet.
fn imported(line: &str) -> Option<&str> {
    line.strip_prefix("@import \"")?.strip_suffix("\";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_are_joined_in_the_order_of_the_imports() {
        let site = tempfile::tempdir().unwrap();
        let folder = site.path().join(FOLDER);
        fs::create_dir(&folder).unwrap();
        let imports = "/* All. */\n@import \"style/theme.css\";\n@import \"style/page.css\";\n";
        fs::write(site.path().join(SHEET), imports).unwrap();
        fs::write(folder.join("page.css"), "main {}\n").unwrap();
        fs::write(folder.join("theme.css"), ":root {}\n").unwrap();
        join(site.path()).unwrap();
        let joined = fs::read_to_string(site.path().join(SHEET)).unwrap();
        assert_eq!(joined, ":root {}\n\nmain {}\n");
        assert!(!folder.exists());
    }

    #[test]
    fn an_import_without_its_sheet_is_an_error() {
        let site = tempfile::tempdir().unwrap();
        fs::write(site.path().join(SHEET), "@import \"style/theme.css\";\n").unwrap();
        let error = join(site.path()).unwrap_err();
        assert!(error.to_string().contains("theme.css"), "{error}");
    }

    #[test]
    fn every_sheet_of_the_page_is_imported() {
        let www = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www");
        let sheet = fs::read_to_string(www.join(SHEET)).unwrap();
        let mut imports: Vec<_> = sheet.lines().filter_map(imported).collect();
        imports.sort_unstable();
        let files = fs::read_dir(www.join(FOLDER)).unwrap();
        let mut paths: Vec<_> = files
            .map(|file| format!("{FOLDER}/{}", file.unwrap().file_name().display()))
            .collect();
        paths.sort_unstable();
        assert_eq!(imports, paths);
    }
}
