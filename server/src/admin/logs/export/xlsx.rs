//! The log as an Excel file. The format needs its end before its beginning can be sent, so it is written to a file that
//! has no name, row by row, and sent from there: memory stays constant.

use super::{Pieces, Records, cells};
use crate::admin::problem::Problem;
use crate::app::App;
use crate::db::DbResult;
use fastgate_shared::audit_log::LogRecord;
use futures_util::StreamExt as _;
use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};
use serde_json::Value;
use std::fs::File;
use std::io::Seek as _;
use std::path::PathBuf;
use tokio::sync::mpsc;

/// Rows of a sheet at most, the head included; what is more goes to further sheets.
const MAX_ROWS: u32 = 1_048_576;
/// Characters of a cell at most.
const MAX_CELL_CHARS: usize = 32_767;
/// Bytes of the finished file that are sent at a time.
const PIECE: usize = 64 << 10;

/// Why the file could not be written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error("{0}")]
    Sheet(#[from] XlsxError),
    #[error("{0}")]
    File(#[from] std::io::Error),
    #[error("the records could not be read")]
    Records,
}

/// Writes the whole file and begins to send it.
///
/// # Errors
/// When the file cannot be written or the records cannot be read.
pub async fn write(app: &App, fields: Vec<&'static str>, mut records: Records) -> Result<Pieces, Problem> {
    let folder = scratch_folder(app);
    let (sender, receiver) = mpsc::channel(2);
    let writing = tokio::task::spawn_blocking(move || write_file(folder, &fields, receiver));
    while let Some(chunk) = records.next().await {
        let failed = chunk.is_err();
        if sender.send(chunk).await.is_err() || failed {
            break;
        }
    }
    drop(sender);
    let file = writing
        .await
        .map_err(Problem::internal)?
        .map_err(|error| Problem::unavailable("The file could not be written; try again.", error))?;
    let reader = tokio_util::io::ReaderStream::with_capacity(tokio::fs::File::from_std(file), PIECE);
    Ok(reader.map(|piece| piece.map_err(Into::into)).boxed())
}

/// Beside the database, where there is room for data; the system's folder for such files may be memory.
fn scratch_folder(app: &App) -> Option<PathBuf> {
    let folder = app.config.database.sqlite_path.parent()?;
    folder.is_dir().then(|| folder.to_owned())
}

fn write_file(
    folder: Option<PathBuf>,
    fields: &[&str],
    mut records: mpsc::Receiver<DbResult<Vec<LogRecord>>>,
) -> Result<File, WriteError> {
    let mut file = match &folder {
        Some(folder) => tempfile::tempfile_in(folder)?,
        None => tempfile::tempfile()?,
    };
    let mut book = Workbook::new();
    if let Some(folder) = folder {
        book.set_tempdir(folder)?;
    }
    let mut sheet = begin_sheet(&mut book, fields)?;
    let mut row = 1;
    while let Some(chunk) = records.blocking_recv() {
        for record in chunk.map_err(|_| WriteError::Records)? {
            if row == MAX_ROWS {
                sheet = begin_sheet(&mut book, fields)?;
                row = 1;
            }
            for (column, value) in (0..).zip(cells::values(&record, fields)) {
                write_cell(sheet, row, column, value)?;
            }
            row += 1;
        }
    }
    book.save_to_writer(&mut file)?;
    file.rewind()?;
    Ok(file)
}

fn begin_sheet<'a>(book: &'a mut Workbook, fields: &[&str]) -> Result<&'a mut Worksheet, XlsxError> {
    let sheet = book.add_worksheet_with_constant_memory()?;
    for (column, field) in (0..).zip(fields) {
        sheet.write_string(0, column, *field)?;
    }
    Ok(sheet)
}

fn write_cell(sheet: &mut Worksheet, row: u32, column: u16, value: Value) -> Result<(), XlsxError> {
    match value {
        Value::Null => {}
        Value::Bool(flag) => {
            sheet.write_boolean(row, column, flag)?;
        }
        Value::Number(number) => {
            sheet.write_number(row, column, number.as_f64().unwrap_or_default())?;
        }
        other => {
            let text = cells::text(other);
            let text: String = text
                .chars()
                .filter(|c| !is_forbidden(*c))
                .take(MAX_CELL_CHARS)
                .collect();
            sheet.write_string(row, column, text)?;
        }
    }
    Ok(())
}

/// XML cannot carry these control characters.
fn is_forbidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r')
}
