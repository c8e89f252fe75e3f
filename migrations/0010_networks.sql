-- The network whose names a post bears, where several sources may show the same one: servers that pass posts on to
-- each other. A post that is known from one of them is not counted again when another shows it.
alter table post add column network text;
create index post_network on post (network, external_id);
