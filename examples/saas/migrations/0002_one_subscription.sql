-- An organisation has one subscription: a new one takes the row of the one that ended, its history is Stripe's.
CREATE UNIQUE INDEX subscriptions_organization ON subscriptions (organization_id);
CREATE INDEX invitations_organization ON invitations (organization_id);
