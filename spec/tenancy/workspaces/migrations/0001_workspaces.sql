CREATE TABLE plans (name TEXT PRIMARY KEY, price NUMERIC(8, 2) NOT NULL);

CREATE TABLE workspaces (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  slug TEXT UNIQUE NOT NULL,
  name TEXT NOT NULL,
  plan TEXT REFERENCES plans(name),
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE workspace_members (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id UUID NOT NULL REFERENCES workspaces(id),
  user_id UUID NOT NULL,
  role TEXT NOT NULL DEFAULT 'member',
  title TEXT,
  UNIQUE (workspace_id, user_id)
);

CREATE TABLE invites (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id UUID NOT NULL REFERENCES workspaces(id),
  email TEXT NOT NULL,
  role TEXT NOT NULL DEFAULT 'member',
  token TEXT UNIQUE NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  used_at TIMESTAMPTZ
);
CREATE INDEX ON invites (workspace_id);

CREATE TABLE settings (
  workspace_id UUID PRIMARY KEY REFERENCES workspaces(id),
  theme TEXT NOT NULL DEFAULT 'light'
);

CREATE TABLE projects (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id UUID NOT NULL REFERENCES workspaces(id),
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  user_id UUID,
  budget NUMERIC(12, 2) DEFAULT 0.00,
  UNIQUE (workspace_id, code)
);

-- Tasks know their workspace through their project only.
CREATE TABLE tasks (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id UUID NOT NULL REFERENCES projects(id),
  title TEXT NOT NULL,
  done BOOLEAN NOT NULL DEFAULT false,
  user_id UUID
);
CREATE INDEX ON tasks (project_id);

CREATE TABLE labels (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id UUID NOT NULL REFERENCES workspaces(id),
  name TEXT NOT NULL,
  colour TEXT,
  UNIQUE (workspace_id, name)
);

CREATE TABLE task_labels (
  task_id UUID NOT NULL REFERENCES tasks(id),
  label_id UUID NOT NULL REFERENCES labels(id),
  PRIMARY KEY (task_id, label_id)
);

-- Comments know it directly, and point at a task as well.
CREATE TABLE comments (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id UUID NOT NULL REFERENCES workspaces(id),
  task_id UUID REFERENCES tasks(id),
  text TEXT NOT NULL
);
CREATE INDEX ON comments (workspace_id);

CREATE TABLE counters (
  workspace_id UUID NOT NULL REFERENCES workspaces(id),
  name TEXT NOT NULL,
  n INTEGER NOT NULL DEFAULT 0,
  note TEXT,
  PRIMARY KEY (workspace_id, name)
);
