//! The core resources of the Networking API.
