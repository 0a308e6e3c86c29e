//! Document and catalog compiled into a Plan: names become ids, tenancy is proved.
