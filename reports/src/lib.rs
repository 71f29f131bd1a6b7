//! Results to figures, findings, tables and pages.
