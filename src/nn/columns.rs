//! The part of a feature map that lies between two layers: the columns that the next layer still
//! needs.

/// Columns of a feature map in order of time. A column is `[rows, channels]` between rows of zeros,
/// which are the padding of the convolution.
#[derive(Debug)]
pub(crate) struct Columns {
    rows: usize,
    channels: usize,
    padding: usize,
    column_values: usize,
    values: Vec<f32>,
    to_come: usize,
}

impl Columns {
    /// Buffers a map of `rows` and `channels`. Its columns have `padded_rows` rows, the first
    /// `padding` of them zero.
    pub(crate) fn new(rows: usize, channels: usize, padding: usize, padded_rows: usize) -> Self {
        Self {
            rows,
            channels,
            padding,
            column_values: padded_rows.max(padding + rows) * channels,
            values: Vec::new(),
            to_come: 0,
        }
    }

    /// Starts a map of `total` columns, with its padding before the first one.
    pub(crate) fn start(&mut self, total: usize) {
        self.values.clear();
        self.to_come = total;
        self.append_zeros(self.padding);
    }

    /// Appends `count` columns of zeros, which the caller fills.
    pub(crate) fn push(&mut self, count: usize) -> &mut [f32] {
        let end = self.values.len();
        self.to_come -= count;
        self.append_zeros(count);
        &mut self.values[end..]
    }

    /// Appends `count` columns of zeros, the padding at the end, if the map is complete.
    pub(crate) fn pad_if_complete(&mut self, count: usize) {
        if self.to_come == 0 {
            self.append_zeros(count);
        }
    }

    /// Drops the first `count` columns.
    pub(crate) fn drop_front(&mut self, count: usize) {
        let end = (count * self.column_values).min(self.values.len());
        self.values.copy_within(end.., 0);
        self.values.truncate(self.values.len() - end);
    }

    /// The columns in the buffer.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Number of columns in the buffer, padding included.
    pub(crate) fn held(&self) -> usize {
        self.values.len() / self.column_values
    }

    /// Number of columns of the map that are still to be pushed.
    pub(crate) fn to_come(&self) -> usize {
        self.to_come
    }

    /// Values of a column, padding included.
    pub(crate) fn column_values(&self) -> usize {
        self.column_values
    }

    /// The values of a column that are its rows, without the padding.
    pub(crate) fn row_range(&self) -> std::ops::Range<usize> {
        self.padding * self.channels..(self.padding + self.rows) * self.channels
    }

    fn append_zeros(&mut self, columns: usize) {
        let end = self.values.len() + columns * self.column_values;
        self.values.resize(end, 0.0);
    }
}
