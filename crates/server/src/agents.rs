//! Serving agents: router documents, wake-ups, reports.
