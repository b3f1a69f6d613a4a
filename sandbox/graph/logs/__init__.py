"""The audit, sign-in and provisioning logs."""
