-- The role that the Worker takes on inside each transaction. It owns nothing and cannot log in, so that row-level
-- security binds it. Roles belong to the whole server: another database of it may have made this one already.
do $$
begin
  create role loyalnest_app nologin;
exception
  when duplicate_object or unique_violation then null;
end
$$;

-- `set role` needs membership; a superuser needs none.
do $$
begin
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant loyalnest_app to %I', current_user);
  end if;
end
$$;

grant usage on schema public to loyalnest_app;
-- Also for tables of later migrations.
alter default privileges in schema public grant select, insert, update, delete on tables to loyalnest_app;
